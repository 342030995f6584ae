using System.Buffers;
using System.IO.Pipelines;
using UserTcp.Links;
using UserTcp.NetworkBenchmarks.Bare;
using UserTcp.NetworkBenchmarks.Protocol;
using UserTcp.Tests.Api;
using UserTcp.Tests.Support;

namespace UserTcp.Tests.Benchmarks;

/// <summary>The ceilings of the benchmarks against a stack of ours.</summary>
[Collection(RealTime.Name)]
public sealed class BareStreamsTests : IAsyncLifetime
{
    private const int Port = 80;
    private const int Streams = 3;
    private const int PieceBytes = 256 << 10;
    private static readonly Order s_order = new(Workload.Send, Streams, Seconds: 0.2);
    private BareLink _bare = null!;
    private UserTcpStack _stack = null!;
    private UserTcpListener _listener = null!;

    public async ValueTask InitializeAsync()
    {
        (VirtualLink first, VirtualLink second) = VirtualLink.CreatePair();
        _bare = new BareLink(first, StackPair.ClientAddress, StackPair.ServerAddress);
        _stack = await UserTcpStack.OpenAsync(StackPair.Options(second, StackPair.ServerAddress));
        _listener = await _stack.ListenAsync(Port);
    }

    public async ValueTask DisposeAsync()
    {
        await _stack.DisposeAsync();
        _bare.Dispose();
    }

    [Fact]
    public async Task The_bare_sender_counts_the_bytes_that_the_stack_acknowledged()
    {
        Task<long> received = AllAsync(async connection =>
        {
            long total = 0;
            try
            {
                while (true)
                {
                    ReadResult read = await connection.Input.ReadAsync();
                    total += read.Buffer.Length;
                    connection.Input.AdvanceTo(read.Buffer.End);
                }
            }
            catch (UserTcpConnectionException e) when (e.CloseReason == UserTcpCloseReason.ResetByPeer)
            {
                return total; // its end
            }
        });
        Outcome outcome = await Task.Run(() => BareStreams.Send(_bare, Port, s_order)).WaitAsync(StackPair.Guard);

        Assert.InRange(await received.WaitAsync(StackPair.Guard), 1, long.MaxValue);
        UserTcpStackStatistics statistics = _stack.GetStatistics();
        long acknowledged = (long)Math.Round(outcome.Gigabytes * 1e9);
        Assert.InRange(acknowledged, BareLink.MaxText, statistics.BytesReceived);
        Assert.Empty(statistics.Drops);
        Assert.True(outcome.Values[0] > 0);
    }

    [Fact]
    public async Task The_bare_receiver_takes_what_the_stack_sends()
    {
        Task<long> sent = AllAsync(async connection =>
        {
            byte[] piece = new byte[PieceBytes];
            long total = 0;
            while (!(await connection.Output.WriteAsync(piece)).IsCompleted)
            {
                total += piece.Length;
            }

            return total;
        });
        Outcome outcome = await Task.Run(() => BareStreams.Receive(_bare, Port, s_order)).WaitAsync(StackPair.Guard);

        long taken = (long)Math.Round(outcome.Gigabytes * 1e9);
        Assert.True(outcome.Values[0] > 0);
        Assert.InRange(taken, 1, await sent.WaitAsync(StackPair.Guard) + Streams * PieceBytes);
    }

    [Fact]
    public void A_peer_that_is_not_there_is_told()
    {
        (VirtualLink alone, _) = VirtualLink.CreatePair();
        using var bare = new BareLink(alone, StackPair.ClientAddress, StackPair.ServerAddress);
        Assert.Throws<IOException>(() => BareStreams.Send(bare, Port, s_order));
    }

    private async Task<long> AllAsync(Func<UserTcpConnection, Task<long>> work)
    {
        Task<long>[] works = new Task<long>[Streams];
        for (int i = 0; i < Streams; i++)
        {
            works[i] = work(await _listener.AcceptAsync());
        }

        return (await Task.WhenAll(works)).Sum();
    }
}
