using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using UserTcp.Lab.Tests.Peers;
using UserTcp.Lab.Tests.Support;
using UserTcp.Lab.Tests.Traffic;
using UserTcp.Links;

namespace UserTcp.Lab.Tests.Wires;

/// <summary>Our stack over a TAP, with the kernel at its other end. Frames of the MTU, checksums in full.</summary>
public sealed class TapDeviceTests(ITestOutputHelper output)
{
    [LabFact]
    public async Task A_hundred_pages_of_nginx_are_complete_and_we_repeat_nothing()
    {
        using TapNetwork lab = TapNetwork.Create();
        PageSet set = PageSet.UpTo1Megabyte(requests: 100, seed: 8000);
        string folder = lab.Scratch.Folder("pages");
        set.WriteTo(folder);
        var nginx = await WebServers.StartNginxAsync(lab.Peer, TapNetwork.PeerAddress, lab.Scratch, folder);
        await using UserTcpStack stack = await lab.OpenStackAsync(SlowTimers.Options);

        Assert.Equal(100, await PageClient.GetAllAsync(stack, nginx, set.Requests, 4, TimeSpan.FromMinutes(1)));
        AssertClean(stack);
    }

    [LabFact]
    public async Task An_upload_of_10_megabytes_is_complete_at_the_kernel_and_we_repeat_nothing()
    {
        var page = new Page(10_000_000, seed: 8100);
        using TapNetwork lab = TapNetwork.Create();
        using var patience = new Patience(60);
        var received = new TaskCompletionSource<string>();
        await using KernelServer server = KernelServer.Start(
            lab.Peer, TapNetwork.PeerAddress, async (Socket socket, CancellationToken cancellationToken) =>
            {
                byte[] bytes = await KernelClient.ReadToEndAsync(socket, cancellationToken);
                received.SetResult(Convert.ToHexString(SHA256.HashData(bytes)));
            });
        await using UserTcpStack stack = await lab.OpenStackAsync(SlowTimers.Options);
        await using UserTcpConnection connection = await stack.ConnectAsync(server.EndPoint, null, patience.Token);

        await connection.Output.WriteAsync(page.Bytes, patience.Token);
        await connection.CloseAsync(patience.Token);
        Assert.Equal(page.Hash, await received.Task.WaitAsync(patience.Token));
        AssertClean(stack);
    }

    [LabFact]
    public async Task The_kernel_pings_us_and_we_ping_the_kernel()
    {
        using TapNetwork lab = TapNetwork.Create();
        await using UserTcpStack stack = await lab.OpenStackAsync();
        Ping.Run(lab.Peer, TapNetwork.OurAddress, requests: 5);
        Ping.Run(lab.Peer, TapNetwork.OurAddress, requests: 3, "-s 1472 -M do");
        Assert.Equal(TapNetwork.PeerAddress, (await stack.PingAsync(TapNetwork.PeerAddress)).Address);
        Assert.Contains($"{stack.MacAddress}", lab.Peer.Exec("ip neigh show"), StringComparison.OrdinalIgnoreCase);
    }

    [LabFact]
    public async Task A_deleted_interface_ends_every_connection_and_the_stack_says_why()
    {
        using TapNetwork lab = TapNetwork.Create();
        using var patience = new Patience(30);
        await using KernelServer server = KernelServer.Start(lab.Peer, TapNetwork.PeerAddress, WaitForEndAsync);
        await using UserTcpStack stack = await lab.OpenStackAsync();
        await using UserTcpListener listener = await stack.ListenAsync(80);
        using Socket socket = KernelClient.Connect(lab.Peer, new IPEndPoint(TapNetwork.OurAddress, 80));
        await using UserTcpConnection accepted = await listener.AcceptAsync(patience.Token);
        await using UserTcpConnection connected = await stack.ConnectAsync(server.EndPoint, null, patience.Token);
        Task[] reads = [ReadAsync(accepted, patience.Token), ReadAsync(connected, patience.Token)];

        lab.Peer.Exec($"ip link delete {TapNetwork.DeviceName}");
        foreach (Task read in reads)
        {
            var error = await Assert.ThrowsAsync<UserTcpConnectionException>(() => read);
            Assert.Equal(UserTcpCloseReason.LinkDown, error.CloseReason);
            Assert.Equal(SocketError.NetworkDown, error.SocketErrorCode);
        }

        Assert.Equal(UserTcpCloseReason.LinkDown, await accepted.Closed.WaitAsync(patience.Token));
        Assert.Equal(UserTcpCloseReason.LinkDown, await connected.Closed.WaitAsync(patience.Token));
        Assert.Equal(UserTcpStackState.Faulted, stack.State);
        var refusal = await Assert.ThrowsAsync<SocketException>(
            () => stack.ConnectAsync(server.EndPoint, null, patience.Token).AsTask());
        Assert.Equal(SocketError.NetworkDown, refusal.SocketErrorCode);
        Assert.Contains("'tap:tap0' is gone", refusal.Message, StringComparison.Ordinal);
    }

    [LabFact]
    public void The_interface_goes_away_with_the_device()
    {
        using TapNetwork lab = TapNetwork.Create();
        Assert.Equal(0, lab.Peer.TryExec($"ip link show {TapNetwork.DeviceName}").ExitCode);
        lab.Device.Dispose();
        lab.Device.Wake();
        Assert.NotEqual(0, lab.Peer.TryExec($"ip link show {TapNetwork.DeviceName}").ExitCode);
    }

    private static async Task ReadAsync(UserTcpConnection connection, CancellationToken cancellationToken) =>
        await connection.Input.ReadAsync(cancellationToken);

    private static async Task WaitForEndAsync(Socket socket, CancellationToken cancellationToken) =>
        await socket.ReceiveAsync(new byte[1], cancellationToken);

    private void AssertClean(UserTcpStack stack)
    {
        UserTcpStackStatistics statistics = stack.GetStatistics();
        output.WriteLine($"{statistics}");
        Assert.Equal(0, statistics.SegmentsResent);
        Assert.Equal(0, statistics.Link.TransmitDropped);
        Assert.InRange(statistics.SegmentsSent, 100, long.MaxValue);
    }
}
