using System.Net.Sockets;
using UserTcp.Lab.Tests.Peers;
using UserTcp.Lab.Tests.Support;
using UserTcp.Lab.Tests.Traffic;
using UserTcp.Lab.Tests.Wires;

namespace UserTcp.Lab.Tests.Captures;

/// <summary>
/// The lab's own instruments, tried on two kernels: what they never find in our frames they do find here.
/// </summary>
public sealed class TsharkTests
{
    private static readonly Page s_page = new(3_000_000, seed: 7);

    [LabFact]
    public async Task A_bad_wire_shows_as_bad_checksums_and_retransmissions_and_the_kernel_survives_it()
    {
        var impairment = new Impairment(Seed: 20)
        {
            Loss = 0.02, Duplication = 0.01, Reordering = 0.01, Corruption = 0.02,
        };
        using LabNetwork lab = LabNetwork.Create(impairment);
        string file = await FetchByKernelAsync(lab);

        Assert.NotEmpty(Tshark.Find(file, $"eth.src == {lab.HostMac} && ({Tshark.BadChecksum})"));
        Assert.NotEmpty(Tshark.Find(file, $"eth.src == {lab.PeerMac} && ({Tshark.Retransmission})"));
        WireCounts counts = lab.Wire!.Counts;
        Assert.InRange(counts.Seen, 2_000, long.MaxValue);
        Assert.All([counts.Lost, counts.Corrupted], n => Assert.InRange(n, counts.Seen / 100, counts.Seen / 25));
        Assert.All([counts.Duplicated, counts.Reordered], n => Assert.InRange(n, counts.Seen / 200, counts.Seen / 50));
        Assert.NotEqual(0, lab.PeerCounter("Tcp.InCsumErrors") + lab.PeerCounter("Ip.InHdrErrors"));
    }

    [LabFact]
    public async Task A_clean_wire_with_offloads_off_shows_nothing()
    {
        using LabNetwork lab = LabNetwork.Create(offloads: false);
        string file = await FetchByKernelAsync(lab);
        Tshark.AssertNone(file, $"{Tshark.Resets} || {Tshark.BadKernelChecksum} || {Tshark.Malformed}");
        Assert.Empty(Tshark.Find(file, "frame.len > 1514"));
    }

    [LabFact]
    public async Task A_reset_is_found()
    {
        using LabNetwork lab = LabNetwork.Create(offloads: false);
        PacketCapture capture = await lab.CaptureAsync(bytesPerFrame: 256);
        Assert.Throws<SocketException>(() => lab.Host.Run(() => new TcpClient($"{LabNetwork.PeerAddress}", 81)));
        await capture.StopAsync();
        Assert.Single(Tshark.Find(capture.File, Tshark.Resets));
    }

    private static async Task<string> FetchByKernelAsync(LabNetwork lab)
    {
        var service = new PageService([s_page]);
        await using KernelServer server = KernelServer.Start(lab.Peer, LabNetwork.PeerAddress, service.ServeAsync);
        PacketCapture capture = await lab.CaptureAsync(bytesPerFrame: 1600);
        using Socket socket = KernelClient.Connect(lab.Host, server.EndPoint);
        using var patience = new Patience(60);
        await PageClient.GetAsync(new SocketPipes(socket), s_page, patience.Token);
        await capture.StopAsync();
        return capture.File;
    }
}
