using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using UserTcp.Diagnostics;
using UserTcp.Links;
using UserTcp.Primitives;
using UserTcp.Runtime;
using UserTcp.Tests.Api;

namespace UserTcp.Tests.Runtime;

/// <summary>
/// The loop's turn, taken by hand: the way of a simulator, with no thread and a clock that stands still.
/// </summary>
public sealed class TurnTests : TurnBench
{
    [Fact]
    public void Two_stacks_talk_without_a_thread()
    {
        RunningConnection client = Connect(out RunningConnection server);
        client.Writer.Write("hello"u8.ToArray());
        TurnUntil(() => Reads(server, 5));
    }

    [Fact]
    public void A_lost_SYN_is_sent_again_when_its_time_has_come_and_not_before()
    {
        using IDisposable listener = Listen(out RunningListener _);
        _ = Client.ConnectAsync(Address(StackPair.ServerAddress), 80, Defaults, default);
        TurnUntil(() => Client.Shards[0].Look((core, _) => core.Counters.SegmentsSent) == 1);
        Link.IsCut = true;
        DrainTurns();
        Time.Advance(TimeSpan.FromMilliseconds(990));
        DrainTurns();
        long early = Client.Shards[0].Look((core, _) => core.Counters.SegmentsSent + core.Counters.SegmentsResent);
        Link.IsCut = false;
        Time.Advance(TimeSpan.FromMilliseconds(30));
        DrainTurns();
        long late = Client.Shards[0].Look((core, _) => core.Counters.SegmentsSent + core.Counters.SegmentsResent);
        Assert.True(late >= early, "Segments are only added.");
        Assert.InRange(late, 2, 4);
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(32, 0)]
    [InlineData(7 * 32, 0)]
    [InlineData(8 * 32, 1)] // a flood does not stop the timers
    public void An_ACK_in_the_link_comes_before_the_timer_that_waits_for_it(int framesBefore, int resent)
    {
        RunningConnection client = Connect(out RunningConnection server);
        DrainTurns();
        client.Writer.Write("?"u8.ToArray());
        Server.Turn();
        server.Writer.Write("!"u8.ToArray());
        Link.Noise = framesBefore;
        Time.Advance(TimeSpan.FromMinutes(1));
        for (int turns = framesBefore / 32; turns >= 0; turns--)
        {
            Client.Turn();
        }

        Assert.Equal(resent, Client.Shards[0].Look((core, _) => core.Counters.SegmentsResent));
        Assert.True(Reads(client, 1));
    }

    [Fact]
    public void A_timer_that_is_due_only_after_the_link_was_asked_waits_for_the_next_turn()
    {
        RunningConnection first = Connect(out RunningConnection _);
        RunningConnection second = Connect(out RunningConnection _);
        DrainTurns();
        first.Writer.Write("?"u8.ToArray());
        TimeSpan timeout = Client.UntilNextTurn!.Value;
        Time.Advance(timeout / 2);
        second.Writer.Write("?"u8.ToArray());
        Time.Advance(timeout / 2);
        Link.Received = () => Time.Advance(timeout); // the thread stands still, and an ACK may come meanwhile

        Client.Turn();
        Assert.Equal(1, Client.Shards[0].Look((core, _) => core.Counters.SegmentsResent));
        Client.Turn();
        Assert.Equal(2, Client.Shards[0].Look((core, _) => core.Counters.SegmentsResent));
    }

    [Fact]
    public async Task Requests_that_are_answered_or_not_end_with_a_stack_that_fails()
    {
        RunningListener listener = Server.Listen(new UserTcpRequestListenerOptions { AnyAddress = true }.ToSettings());
        var requests = new List<RunningRequest>();
        for (ushort port = 1; port <= 2; port++)
        {
            _ = Client.ConnectAsync(Address(StackPair.ServerAddress), port, Defaults, default).AsTask();
            Task<RunningRequest> request = listener.AcceptRequestAsync(default).AsTask();
            TurnUntil(() => request.IsCompleted);
            requests.Add(await request);
        }

        Task<RunningConnection> accept = requests[0].AcceptAsync(null, default).AsTask();
        using (Door.Visit visit = Server.Shards[0].Door.Enter())
            visit.Fault(new InvalidOperationException("broken"));

        SocketException error = await Assert.ThrowsAsync<SocketException>(() => accept.WaitAsync(StackPair.Guard));
        Assert.Equal(SocketError.OperationAborted, error.SocketErrorCode);
        using var cancelled = new SemaphoreSlim(0);
        requests.ForEach(request => request.Cancelled.Register(() => cancelled.Release()));
        for (int i = 0; i < requests.Count; i++)
        {
            Assert.True(await cancelled.WaitAsync(StackPair.Guard));
        }
    }

    [Fact]
    public void The_link_changes_its_MTU_and_sizes_follow()
    {
        RunningConnection client = Connect(out RunningConnection server);
        Assert.Equal(1500, Client.Shards[0].Look((core, _) => core.Mtu));
        foreach (int mtu in new[] { 900, 1400 })
        {
            Link.Mtu = mtu;
            Client.Turn();
            Assert.Equal(mtu, Client.Shards[0].Look((core, _) => core.Mtu));
            client.Writer.Write(new byte[5000]);
            TurnUntil(() => Reads(server, 5000));
        }
    }

    [Fact]
    public async Task The_peers_end_stays_graceful_for_who_aborts_before_it_is_told()
    {
        RunningConnection client = Connect(out RunningConnection server);
        DrainTurns();
        using IDisposable _ = client.AddObserver(new Aborting(client));
        server.Writer.Complete();
        TurnUntil(() => client.Closed.IsCompleted);

        Assert.Equal(UserTcpCloseReason.ResetByLocal, await client.Closed);
        Assert.Equal(UserTcpCloseReason.Graceful, await client.InputClosed);
        Assert.False(await client.OutputEnd);
    }

    [Fact]
    public async Task An_output_that_was_acknowledged_stays_so_for_who_aborts_before_it_is_told()
    {
        RunningConnection client = Connect(out RunningConnection _);
        DrainTurns();
        using IDisposable _ = client.AddObserver(new Aborting(client));
        client.Writer.Complete();
        TurnUntil(() => client.Closed.IsCompleted);

        Assert.Equal(UserTcpCloseReason.ResetByLocal, await client.Closed);
        Assert.Equal(UserTcpCloseReason.ResetByLocal, await client.InputClosed);
        Assert.True(await client.OutputEnd);
    }

    [Fact]
    public void An_idle_stack_has_nothing_to_do()
    {
        DrainTurns();
        long frames = Client.Shards[0].Look((core, _) => core.Counters.FramesSent);
        for (int i = 0; i < 10; i++)
        {
            Time.Advance(TimeSpan.FromSeconds(10));
            DrainTurns();
        }

        Assert.Equal(frames, Client.Shards[0].Look((core, _) => core.Counters.FramesSent));
    }

    /// <summary>Observers are shown a segment before those are woken who wait for what it brought.</summary>
    private sealed class Aborting(RunningConnection connection) : IUserTcpConnectionObserver
    {
        public void OnAck(in UserTcpAckSample sample) => connection.Abort(null);
    }
}
