using System.Net;
using UserTcp.Lab.Tests.Peers;
using UserTcp.Lab.Tests.Support;
using UserTcp.Lab.Tests.Traffic;
using UserTcp.Lab.Tests.Wires;

namespace UserTcp.Lab.Tests.Client;

/// <summary>
/// Kernels that lack an extension, over a wire that loses and reorders: forty pages of up to 1 MiB each way. Offloads
/// off.
/// </summary>
public sealed class PlainKernelTests
{
    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(1);

    [LabTheory]
    [InlineData(301, "tcp_sack")]
    [InlineData(302, "tcp_timestamps")]
    [InlineData(303, "tcp_window_scaling")]
    [InlineData(304, "tcp_sack", "tcp_timestamps", "tcp_window_scaling")]
    public async Task Pages_are_complete_with_a_kernel_that_lacks(int seed, params string[] extensions)
    {
        using LabNetwork lab = LabNetwork.Create(new Impairment(seed) { Loss = 0.01, Reordering = 0.01 });
        foreach (string extension in extensions)
            lab.Peer.Exec($"echo 0 > /proc/sys/net/ipv4/{extension}");
        PageSet set = PageSet.UpTo1Megabyte(requests: 40, seed);
        var service = new PageService(set.Pages);
        using var patience = new Patience(120);
        await using KernelServer kernel = KernelServer.Start(lab.Peer, LabNetwork.PeerAddress, service.ServeAsync);
        await using UserTcpStack stack = await lab.OpenStackAsync();
        await using UserTcpServer server = await UserTcpServer.StartAsync(stack, 80, service.ServeAsync);

        await AssertLacksAsync(stack, kernel.EndPoint, extensions, patience.Token);
        Assert.Equal(40, await PageClient.GetAllAsync(stack, kernel.EndPoint, set.Requests, 4, s_limit));
        var ours = new IPEndPoint(stack.Addresses[0].Address, 80);
        await KernelClient.GetAllAsync(lab.Peer, ours, set.Requests, 4, patience.Token);
        Assert.Empty(server.Failures);
    }

    private static async Task AssertLacksAsync(
        UserTcpStack stack, IPEndPoint kernel, string[] extensions, CancellationToken cancellationToken)
    {
        await using UserTcpConnection connection = await stack.ConnectAsync(kernel, null, cancellationToken);
        UserTcpConnectionInfo info = connection.GetInfo();
        Assert.Equal(!extensions.Contains("tcp_sack"), info.SelectiveAcknowledgments);
        Assert.Equal(!extensions.Contains("tcp_timestamps"), info.Timestamps);
        Assert.Equal(extensions.Contains("tcp_window_scaling"), info.ReceiveWindowScale == 0);
    }
}
