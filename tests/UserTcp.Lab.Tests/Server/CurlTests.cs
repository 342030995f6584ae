using System.Net;
using UserTcp.Lab.Tests.Captures;
using UserTcp.Lab.Tests.Peers;
using UserTcp.Lab.Tests.Support;
using UserTcp.Lab.Tests.Traffic;

namespace UserTcp.Lab.Tests.Server;

/// <summary>
/// Our listener over the pcap link and curl at the kernel's end: five processes at a time, each with fifty downloads
/// and fifty uploads of up to 1 MiB. Two of the five reuse their connections.
/// </summary>
public sealed class CurlTests(ITestOutputHelper output)
{
    [LabFact]
    public Task Five_hundred_downloads_and_uploads_are_complete_with_default_offloads() =>
        TransferAsync(offloads: true);

    [LabFact]
    public Task Five_hundred_downloads_and_uploads_are_complete_with_offloads_off() =>
        TransferAsync(offloads: false);

    private async Task TransferAsync(bool offloads)
    {
        using LabNetwork lab = LabNetwork.Create(offloads);
        PageSet set = PageSet.UpTo1Megabyte(requests: 50, seed: 5000);
        string folder = lab.Scratch.Folder("pages");
        set.WriteTo(folder);
        PacketCapture capture = await lab.CaptureAsync(bytesPerFrame: 1600);
        MacAddress mac = await TransferAsync(lab, set, folder);
        await capture.StopAsync();

        Tshark.AssertNone(capture.File, Tshark.Resets);
        Tshark.AssertNone(capture.File, $"eth.src == {mac} && ({Tshark.BadChecksum})");
        int again = Tshark.Find(capture.File, $"eth.src == {mac} && ({Tshark.Retransmission})").Length;
        output.WriteLine($"{again} segments of ours were sent again.");
    }

    private async Task<MacAddress> TransferAsync(LabNetwork lab, PageSet set, string folder)
    {
        var service = new PageService(set.Pages);
        await using UserTcpStack stack =
            await lab.OpenStackAsync(configure: o => o.ConnectionDefaults = SlowTimers.Options);
        await using UserTcpServer server = await UserTcpServer.StartAsync(stack, 80, service.ServeAsync);
        using var patience = new Patience(120);
        int[] transfers = await Task.WhenAll(Enumerable.Range(0, 5).Select(i => Make(i).RunAsync(patience.Token)));

        Assert.Equal(500, transfers.Sum());
        Assert.Equal(250, service.Uploads.Count);
        Assert.Empty(server.Failures);
        // What has not ended when the stack does is reset: the last FIN is known to curl before it is to us.
        await Eventually.TrueAsync(() => stack.GetConnections().Count == 0, "every connection has ended");
        output.WriteLine($"{stack.GetStatistics()}");
        return stack.MacAddress;

        Curl Make(int process)
        {
            var curl = new Curl(lab, new IPEndPoint(LabNetwork.Address(50), 80), $"curl{process}", process >= 3);
            foreach (Page page in set.Requests)
            {
                curl.Download(page);
                curl.Upload(page, Path.Combine(folder, page.Name), $"{process}-{page.Name}");
            }

            return curl;
        }
    }
}
