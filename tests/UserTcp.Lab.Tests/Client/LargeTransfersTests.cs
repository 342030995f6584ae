using System.Buffers;
using System.IO.Pipelines;
using System.Text;
using UserTcp.Lab.Tests.Peers;
using UserTcp.Lab.Tests.Support;
using UserTcp.Lab.Tests.Traffic;
using UserTcp.Links;

namespace UserTcp.Lab.Tests.Client;

/// <summary>
/// 200 MB there and back over a packet socket, against the kernel's TCP: whole super-segments and partial checksums
/// with default offloads; with offloads off the system cuts and sums what we send, and nothing of it is wrong.
/// </summary>
public sealed class LargeTransfersTests
{
    // Cut frames wait in the backlog of a processor, which holds 1,000 (net.core.netdev_max_backlog) and loses the next.
    // While the other end has no processor, what is in flight is there: 724 segments of 1,448 bytes, either way. The
    // backlog holds what else is sent on the machine, too; so it may lose some, and the link itself loses nothing.
    private const int MaxInFlight = 1 << 20;

    private static readonly Lazy<Page> s_page = new(() => new Page(200_000_000, seed: 4000));

    [LabTheory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Every_byte_arrives_in_both_directions(bool offloads)
    {
        Page page = s_page.Value;
        using LabNetwork lab = LabNetwork.Create(offloads, "packet");
        using var patience = new Patience(120);
        long backlogDrops = KernelCounters.ReadBacklogDrops();
        var service = new PageService([page]);
        await using KernelServer server = KernelServer.Start(lab.Peer, LabNetwork.PeerAddress, service.ServeAsync);
        await using UserTcpStack stack = await lab.OpenStackAsync(configure: options =>
        {
            options.ConnectionDefaults.ReceiveBufferSize = MaxInFlight;
            options.ConnectionDefaults.SendBufferSize = MaxInFlight;
        });
        await PageClient.GetAsync(stack, server.EndPoint, page, patience.Token);
        Assert.Equal(page.Hash, await PutAsync(stack, server, page, patience.Token));

        UserTcpStackStatistics statistics = stack.GetStatistics();
        Assert.Equal(new LinkStatistics { TransmitDropped = statistics.Link.TransmitDropped }, statistics.Link);
        backlogDrops = KernelCounters.ReadBacklogDrops() - backlogDrops;
        Assert.InRange(statistics.Link.TransmitDropped, 0, backlogDrops);
        Assert.Equal(0, statistics.ErrorsReceived);
        Assert.Equal(0, lab.PeerCounter("Tcp.InCsumErrors"));
        // A super-segment holds 44 segments; alone, each would have been a frame.
        Assert.InRange(statistics.FramesSent, 1, page.Bytes.Length / 1448 / 4);
        Assert.Equal(offloads, statistics.FramesReceived < page.Bytes.Length / 1448 / 4);
    }

    private static async Task<string> PutAsync(
        UserTcpStack stack, KernelServer server, Page page, CancellationToken cancellationToken)
    {
        await using UserTcpConnection connection =
            await stack.ConnectAsync(server.EndPoint, null, cancellationToken);
        string head = $"PUT /{page.Name} HTTP/1.1\r\nContent-Length: {page.Bytes.Length}\r\nConnection: close\r\n\r\n";
        await connection.Output.WriteAsync(Encoding.ASCII.GetBytes(head), cancellationToken);
        await connection.Output.WriteAsync(page.Bytes, cancellationToken);
        HttpMessage? answer = await HttpMessage.ReadAsync(connection.Input, cancellationToken);
        ReadResult body = await connection.Input.ReadAtLeastAsync((int)answer!.ContentLength, cancellationToken);
        string hash = Encoding.ASCII.GetString(body.Buffer.ToArray());
        connection.Input.AdvanceTo(body.Buffer.End);
        return hash;
    }
}
