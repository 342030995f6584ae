using System.Net;
using System.Net.Sockets;
using UserTcp.Lab.Tests.Support;
using UserTcp.Lab.Tests.Traffic;

namespace UserTcp.Lab.Tests.Peers;

/// <summary>
/// The peers of the lab, tried by the kernel: when a page fails over our own TCP, it is not their fault.
/// </summary>
public sealed class WebServersTests
{
    [LabFact]
    public async Task Each_server_serves_the_same_pages_to_the_kernel()
    {
        using LabNetwork lab = LabNetwork.Create(offloads: true);
        using var patience = new Patience(60);
        PageSet set = PageSet.UpTo1Megabyte(requests: 40, seed: 9000);
        string folder = lab.Scratch.Folder("pages");
        set.WriteTo(folder);
        IPAddress peer = LabNetwork.PeerAddress;
        await using KernelServer sockets = KernelServer.Start(lab.Peer, peer, new PageService(set.Pages).ServeAsync);
        IPEndPoint[] servers = [
            await WebServers.StartNginxAsync(lab.Peer, peer, lab.Scratch, folder),
            await WebServers.StartPythonAsync(lab.Peer, peer, lab.Scratch, folder),
            sockets.EndPoint];

        foreach (IPEndPoint server in servers)
        {
            foreach (Page page in set.Requests)
            {
                using Socket socket = KernelClient.Connect(lab.Host, server);
                await PageClient.GetAsync(new SocketPipes(socket), page, patience.Token);
            }
        }
    }

    [LabFact]
    public async Task Curl_downloads_and_uploads_with_the_kernel()
    {
        using LabNetwork lab = LabNetwork.Create(offloads: true);
        using var patience = new Patience(60);
        PageSet set = PageSet.UpTo1Megabyte(requests: 40, seed: 9100);
        string folder = lab.Scratch.Folder("pages");
        set.WriteTo(folder);
        var service = new PageService(set.Pages);
        await using KernelServer server = KernelServer.Start(lab.Peer, LabNetwork.PeerAddress, service.ServeAsync);
        foreach (bool reuse in (bool[])[false, true])
        {
            var curl = new Curl(lab, server.EndPoint, $"curl-{reuse}", reuse);
            foreach (Page page in set.Requests)
            {
                curl.Download(page);
                curl.Upload(page, Path.Combine(folder, page.Name), $"{reuse}-{page.Name}");
            }

            Assert.Equal(80, await curl.RunAsync(patience.Token));
        }

        Assert.Equal(80, service.Uploads.Count);
    }
}
