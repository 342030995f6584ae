using UserTcp.Lab.Tests.Peers;
using UserTcp.Lab.Tests.Support;
using UserTcp.Lab.Tests.Traffic;
using UserTcp.Lab.Tests.Wires;

namespace UserTcp.Lab.Tests.Client;

/// <summary>
/// Two hundred pages of up to 1 MiB, in both directions, through a wire that loses, duplicates, reorders and corrupts.
/// Offloads are off. The seed fixes what happens to the n-th frame; the kernel's timing is its own.
/// </summary>
public sealed class ImpairedGetsTests(ITestOutputHelper output)
{
    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(4);

    [LabTheory]
    [InlineData(0.01, 101)]
    [InlineData(0.05, 105)]
    public async Task Two_hundred_pages_are_complete_over_a_bad_wire(double loss, int seed)
    {
        using LabNetwork lab = LabNetwork.Create(BadWire(loss, seed));
        PageSet set = PageSet.UpTo1Megabyte(requests: 200, seed);
        string folder = lab.Scratch.Folder("pages");
        set.WriteTo(folder);
        var nginx = await WebServers.StartNginxAsync(lab.Peer, LabNetwork.PeerAddress, lab.Scratch, folder);
        await using UserTcpStack stack = await lab.OpenStackAsync();
        Assert.Equal(200, await PageClient.GetAllAsync(stack, nginx, set.Requests, atATime: 8, s_limit));
        Report(lab, seed, stack);
    }

    [LabTheory]
    [InlineData(0.01, 201)]
    [InlineData(0.05, 205)]
    public async Task Two_hundred_pages_of_ours_are_complete_at_the_kernel_over_a_bad_wire(double loss, int seed)
    {
        using LabNetwork lab = LabNetwork.Create(BadWire(loss, seed));
        PageSet set = PageSet.UpTo1Megabyte(requests: 200, seed);
        await using UserTcpStack stack = await lab.OpenStackAsync();
        await using UserTcpServer server = await UserTcpServer.StartAsync(
            stack, 80, new PageService(set.Pages).ServeAsync);
        using var patience = new Patience(240);
        await KernelClient.GetAllAsync(lab.Peer, new(LabNetwork.Address(50), 80), set.Requests, 8, patience.Token);
        Assert.Empty(server.Failures);
        Report(lab, seed, stack);
    }

    private static Impairment BadWire(double loss, int seed) =>
        new(seed) { Loss = loss, Duplication = 0.01, Reordering = 0.02, Corruption = 0.005 };

    private void Report(LabNetwork lab, int seed, UserTcpStack stack)
    {
        WireCounts counts = lab.Wire!.Counts;
        Assert.All([counts.Lost, counts.Duplicated, counts.Reordered, counts.Corrupted], n => Assert.NotEqual(0, n));
        output.WriteLine($"Seed {seed}: {counts}; {stack.GetStatistics()}");
    }
}
