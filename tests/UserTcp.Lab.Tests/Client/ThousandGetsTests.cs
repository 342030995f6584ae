using System.Net;
using UserTcp.Lab.Tests.Captures;
using UserTcp.Lab.Tests.Peers;
using UserTcp.Lab.Tests.Support;
using UserTcp.Lab.Tests.Traffic;

namespace UserTcp.Lab.Tests.Client;

/// <summary>
/// A thousand pages of 1 byte to 10 MB over a link to a card: 800 from nginx, 150 from the kernel's sockets in C#, 50
/// from python3's http.server, eight, four and one at a time. The capture is taken at the peer's end of the cable.
/// </summary>
public sealed class ThousandGetsTests(ITestOutputHelper output)
{
    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(3);

    [LabTheory]
    [InlineData("pcap", true)]
    [InlineData("pcap", false)]
    [InlineData("packet", true)]
    [InlineData("packet", false)]
    public async Task A_thousand_pages_are_complete_and_the_capture_is_clean(string scheme, bool offloads)
    {
        using LabNetwork lab = LabNetwork.Create(offloads, scheme);
        PageSet set = PageSet.UpTo10Megabytes(requests: 1000, seed: 1000);
        PacketCapture capture = await lab.CaptureAsync(bytesPerFrame: 256);
        MacAddress mac = await FetchAsync(lab, set);
        await capture.StopAsync();

        Tshark.AssertNone(capture.File, $"{Tshark.Resets} || {Tshark.FaultsOf(mac, BadChecksum(scheme, offloads))}");
        Assert.Equal(0, lab.PeerCounter("Tcp.InCsumErrors"));
        Assert.Equal(1000, Tshark.Find(capture.File, $"eth.src == {mac} && tcp.flags.syn == 1").Length);
        int coalesced = Tshark.Find(capture.File, $"eth.dst == {mac} && frame.len > 1514").Length;
        Assert.Equal(offloads, coalesced > 0);
        output.WriteLine($"{coalesced} frames were longer than the MTU.");
    }

    // Over a packet socket our checksums are the card's to finish; where the cable does not, the kernel does.
    private static string BadChecksum(string scheme, bool offloads) =>
        scheme == "pcap" ? Tshark.BadChecksum : offloads ? Tshark.NoChecksum : Tshark.BadKernelChecksum;

    private async Task<MacAddress> FetchAsync(LabNetwork lab, PageSet set)
    {
        string folder = lab.Scratch.Folder("pages");
        set.WriteTo(folder);
        IPAddress peer = LabNetwork.PeerAddress;
        IPEndPoint nginx = await WebServers.StartNginxAsync(lab.Peer, peer, lab.Scratch, folder);
        IPEndPoint python = await WebServers.StartPythonAsync(lab.Peer, peer, lab.Scratch, folder);
        await using KernelServer sockets = KernelServer.Start(lab.Peer, peer, new PageService(set.Pages).ServeAsync);

        await using UserTcpStack stack =
            await lab.OpenStackAsync(configure: o => o.ConnectionDefaults = SlowTimers.Options);
        Page[] order = [.. set.Requests];
        int complete = await PageClient.GetAllAsync(stack, nginx, order[..800], 8, s_limit)
            + await PageClient.GetAllAsync(stack, sockets.EndPoint, order[800..950], 4, s_limit)
            + await PageClient.GetAllAsync(stack, python, order[950..], 1, s_limit);
        Assert.Equal(1000, complete);
        Assert.Equal(0, stack.GetStatistics().Link.ReceiveDropped);
        output.WriteLine($"{complete} of 1000 pages, {order.Sum(p => (long)p.Bytes.Length):N0} bytes.");
        return stack.MacAddress;
    }
}
