using System.Net;
using System.Net.Sockets;
using UserTcp.Tests.Api;
using UserTcp.Tests.Support;

namespace UserTcp.Tests.Stress;

/// <summary>Connects and accepts that other threads cancel at any moment: no connections means no bytes.</summary>
[Collection(RealTime.Name)]
public sealed class EndStormThreadsTests
{
    private const int Rounds = 150;
    private const int Callers = 6;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Cancelled_connects_and_accepts_hold_no_memory(int seed)
    {
        await using StackPair pair = await StackPair.OpenAsync();
        UserTcpListener plain = await pair.Server.ListenAsync(80);
        UserTcpRequestListener any = await pair.Server.ListenForRequestsAsync(
            new UserTcpRequestListenerOptions { AnyAddress = true });
        Task[] acceptors =
        [
            .. Enumerable.Range(0, 2).Select(i => Task.Run(() => AcceptAsync(plain, new Random(seed * 100 + i)))),
            .. Enumerable.Range(2, 2).Select(i => Task.Run(() => AnswerAsync(any, new Random(seed * 100 + i)))),
        ];
        await Task.WhenAll(Enumerable.Range(0, Callers).Select(
            i => Task.Run(() => CallAsync(pair, new Random(seed * 1000 + i))))).WaitAsync(StackPair.Guard);
        await plain.DisposeAsync();
        await any.DisposeAsync();
        await Task.WhenAll(acceptors).WaitAsync(StackPair.Guard);
        await AssertEmptyAsync(pair.Client);
        await AssertEmptyAsync(pair.Server);
    }

    private static async Task CallAsync(StackPair pair, Random random)
    {
        for (int round = 0; round < Rounds; round++)
        {
            using var token = new CancellationTokenSource();
            Task cancel = Task.Run(() => CancelSoon(token, random.Next(20_000)));
            await UseAsync(() => pair.Client.ConnectAsync(
                new IPEndPoint(StackPair.ServerAddress, round % 2 == 0 ? 80 : 81), null, token.Token));
            await cancel;
        }
    }

    private static async Task AcceptAsync(UserTcpListener listener, Random random)
    {
        while (true)
        {
            using var token = new CancellationTokenSource();
            Task cancel = Task.Run(() => CancelSoon(token, random.Next(100_000)));
            bool isOver = await UseAsync(() => listener.AcceptAsync(token.Token));
            await cancel;
            if (isOver)
                return;
        }
    }

    private static async Task AnswerAsync(UserTcpRequestListener listener, Random random)
    {
        try
        {
            while (true)
            {
                UserTcpConnectionRequest request = await listener.AcceptAsync();
                using var token = new CancellationTokenSource();
                Task cancel = Task.Run(() => CancelSoon(token, random.Next(20_000)));
                await UseAsync(() => request.AcceptAsync(null, token.Token));
                await cancel;
            }
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            // The listener is closed.
        }
    }

    /// <summary>Whoever gets the connection writes, and lets go of it. True: the listener is closed.</summary>
    private static async Task<bool> UseAsync(Func<ValueTask<UserTcpConnection>> get)
    {
        try
        {
            await using UserTcpConnection connection = await get();
            await connection.Output.WriteAsync(new byte[3000]);
            if (connection.Id % 3 == 0)
                connection.Abort();
            return false;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            return error is ObjectDisposedException or SocketException
            {
                SocketErrorCode: SocketError.OperationAborted,
            };
        }
    }

    private static void CancelSoon(CancellationTokenSource token, int spins)
    {
        Thread.SpinWait(spins);
        token.Cancel();
    }

    private static async Task AssertEmptyAsync(UserTcpStack stack)
    {
        using var guard = new CancellationTokenSource(StackPair.Guard);
        while (stack.GetStatistics().CurrentConnections > 0)
        {
            guard.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }

        Assert.Equal(0, stack.GetStatistics().BytesBuffered);
    }
}
