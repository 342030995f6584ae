using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using UserTcp.Lab.Tests.Peers;
using UserTcp.Lab.Tests.Support;
using UserTcp.Lab.Tests.Traffic;

namespace UserTcp.Lab.Tests.Server;

/// <summary>How connections with the kernel end: half-closed, reset by either side. Offloads off.</summary>
public sealed class ConnectionEndTests
{
    private static readonly Page s_page = new(2_000_000, seed: 6000);
    private static readonly IPEndPoint s_server = new(LabNetwork.Address(50), 80);

    [LabFact]
    public async Task The_kernel_half_closes_and_still_gets_the_whole_answer()
    {
        using LabNetwork lab = LabNetwork.Create(offloads: false);
        using var patience = new Patience(30);
        await using UserTcpStack stack = await lab.OpenStackAsync();
        var reasons = new TaskCompletionSource<UserTcpCloseReason>();
        await using UserTcpServer server = await UserTcpServer.StartAsync(stack, 80, async (connection, token) =>
        {
            string hash = await ByteHash.OfAsync(connection.Input, s_page.Bytes.Length, token);
            await ByteHash.EndAsync(connection.Input, token);
            Assert.Equal((s_page.Hash, TcpState.CloseWait), (hash, connection.State));
            await connection.Output.WriteAsync(s_page.Bytes, token);
            await connection.CloseAsync(token);
            reasons.SetResult(await connection.Closed);
        });

        using Socket socket = KernelClient.Connect(lab.Peer, s_server);
        await socket.SendAsync(s_page.Bytes, patience.Token);
        socket.Shutdown(SocketShutdown.Send);
        Assert.Equal(s_page.Bytes, await KernelClient.ReadToEndAsync(socket, patience.Token));
        Assert.Equal(UserTcpCloseReason.Graceful, await reasons.Task.WaitAsync(patience.Token));
        Assert.Empty(server.Failures);
    }

    [LabFact]
    public async Task We_half_close_and_still_get_the_whole_answer()
    {
        using LabNetwork lab = LabNetwork.Create(offloads: false);
        using var patience = new Patience(30);
        await using KernelServer server = KernelServer.Start(lab.Peer, LabNetwork.PeerAddress, EchoAtEndAsync);
        await using UserTcpStack stack = await lab.OpenStackAsync();
        await using UserTcpConnection connection = await stack.ConnectAsync(server.EndPoint, null, patience.Token);

        await connection.Output.WriteAsync(s_page.Bytes, patience.Token);
        connection.ShutdownOutput();
        Assert.Equal(s_page.Hash, await ByteHash.OfAsync(connection.Input, s_page.Bytes.Length, patience.Token));
        await ByteHash.EndAsync(connection.Input, patience.Token);
        Assert.Equal(UserTcpCloseReason.Graceful, await connection.Closed.WaitAsync(patience.Token));
    }

    [LabFact]
    public async Task A_reset_by_the_kernel_in_the_middle_ends_writing_and_reading_and_the_listener_goes_on()
    {
        using LabNetwork lab = LabNetwork.Create(offloads: false);
        using var patience = new Patience(30);
        await using UserTcpStack stack = await lab.OpenStackAsync();
        await using UserTcpListener listener = await stack.ListenAsync(80);
        for (int i = 0; i < 3; i++)
        {
            Socket socket = KernelClient.Connect(lab.Peer, s_server);
            await using UserTcpConnection connection = await listener.AcceptAsync(patience.Token);
            Task writing = WriteUntilOverAsync(connection.Output, patience.Token);
            await KernelClient.ReadExactlyAsync(socket, 500_000, patience.Token);
            socket.LingerState = new LingerOption(enable: true, seconds: 0);
            socket.Dispose();

            await writing;
            var error = await Assert.ThrowsAsync<UserTcpConnectionException>(
                async () => await connection.Input.ReadAsync(patience.Token));
            Assert.Equal(SocketError.ConnectionReset, error.SocketErrorCode);
            Assert.Equal(UserTcpCloseReason.ResetByPeer, await connection.Closed.WaitAsync(patience.Token));
        }
    }

    [LabFact]
    public async Task An_abort_of_ours_in_the_middle_is_a_reset_at_the_kernel()
    {
        using LabNetwork lab = LabNetwork.Create(offloads: false);
        using var patience = new Patience(30);
        await using UserTcpStack stack = await lab.OpenStackAsync();
        await using UserTcpListener listener = await stack.ListenAsync(80);
        using Socket socket = KernelClient.Connect(lab.Peer, s_server);
        await using UserTcpConnection connection = await listener.AcceptAsync(patience.Token);

        Task sending = Assert.ThrowsAsync<SocketException>(async () =>
        {
            while (true)
                await socket.SendAsync(s_page.Bytes, patience.Token);
        });
        ReadResult read = await connection.Input.ReadAtLeastAsync(100_000, patience.Token);
        connection.Input.AdvanceTo(read.Buffer.Start);
        connection.Abort();
        await sending;
        Assert.Equal(UserTcpCloseReason.ResetByLocal, await connection.Closed.WaitAsync(patience.Token));
    }

    private static async Task EchoAtEndAsync(Socket socket, CancellationToken cancellationToken)
    {
        byte[] bytes = await KernelClient.ReadToEndAsync(socket, cancellationToken);
        await socket.SendAsync(bytes, cancellationToken);
    }

    private static async Task WriteUntilOverAsync(PipeWriter output, CancellationToken cancellationToken)
    {
        FlushResult flush;
        do
            flush = await output.WriteAsync(s_page.Bytes, cancellationToken);
        while (!flush.IsCompleted);
    }
}
