using System.Net;
using System.Net.Sockets;
using UserTcp.Tests.Support;

namespace UserTcp.Tests.Api;

/// <summary>Nobody who waits for a stack waits for ever when it is disposed of, in whichever way.</summary>
[Collection(RealTime.Name)]
public class DisposalTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Who_waits_for_a_connection_or_a_request_is_told(bool isAsync)
    {
        await using StackPair pair = await StackPair.OpenAsync();
        UserTcpListener listener = await pair.Client.ListenAsync(80);
        UserTcpRequestListener any = await pair.Client.ListenForRequestsAsync(
            new UserTcpRequestListenerOptions { LocalEndPoint = new IPEndPoint(IPAddress.Any, 81), AnyAddress = true });
        Task<UserTcpConnection> accept = listener.AcceptAsync().AsTask();
        Task<UserTcpConnectionRequest> request = any.AcceptAsync().AsTask();

        await DisposeAsync(pair.Client, isAsync);

        Assert.Equal(SocketError.OperationAborted, await ErrorOf(accept));
        Assert.Equal(SocketError.OperationAborted, await ErrorOf(request));
        Assert.Equal(SocketError.OperationAborted, await ErrorOf(listener.AcceptAsync().AsTask()));
        Assert.Equal(SocketError.OperationAborted, await ErrorOf(any.AcceptAsync().AsTask()));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Who_waits_for_an_echo_or_a_handshake_is_told(bool isAsync)
    {
        await using StackPair pair = await StackPair.OpenAsync();
        IPAddress nobody = IPAddress.Parse("10.0.0.77");
        var patient = new UserTcpPingOptions { Timeout = TimeSpan.FromMinutes(10) };
        Task<UserTcpPingReply> ping = pair.Client.PingAsync(nobody, patient).AsTask();
        Task<UserTcpConnection> connect = pair.Client.ConnectAsync(nobody, 80).AsTask();

        await DisposeAsync(pair.Client, isAsync);

        Assert.Equal(SocketError.OperationAborted, await ErrorOf(ping));
        Assert.Equal(SocketError.OperationAborted, await ErrorOf(connect));
    }

    private static async Task DisposeAsync(UserTcpStack stack, bool isAsync)
    {
        if (isAsync)
            await stack.DisposeAsync().AsTask().WaitAsync(StackPair.Guard);
        else
            await Task.Run(stack.Dispose).WaitAsync(StackPair.Guard);
    }

    private static async Task<SocketError> ErrorOf(Task task) =>
        (await Assert.ThrowsAsync<SocketException>(() => task.WaitAsync(StackPair.Guard))).SocketErrorCode;
}
