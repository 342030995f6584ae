using System.IO.Pipelines;
using System.Net;
using UserTcp.Diagnostics;
using UserTcp.Links;
using UserTcp.Primitives;
using UserTcp.Runtime;
using UserTcp.Tests.Api;

namespace UserTcp.Tests.Runtime;

/// <summary>
/// The loop's turn, taken by hand: the way of a simulator, with no thread and a clock that stands still.
/// </summary>
public sealed class TurnTests : IAsyncDisposable
{
    private readonly ManualTime _time = new();
    private readonly SwitchedLink _link;
    private readonly VirtualLink _otherLink;
    private readonly RunningStack _client;
    private readonly RunningStack _server;

    public TurnTests()
    {
        (VirtualLink first, _otherLink) = VirtualLink.CreatePair();
        _link = new SwitchedLink(first);
        _client = new RunningStack(Settings(_link, StackPair.ClientAddress), _link);
        _server = new RunningStack(Settings(_otherLink, StackPair.ServerAddress), _otherLink);
    }

    [Fact]
    public void Two_stacks_talk_without_a_thread()
    {
        RunningConnection client = Connect(out RunningConnection server);
        client.Writer.Write("hello"u8.ToArray());
        TurnUntil(() => server.Reader.TryRead(out ReadResult result) && result.Buffer.Length == 5);
    }

    [Fact]
    public void A_lost_SYN_is_sent_again_when_its_time_has_come_and_not_before()
    {
        using IDisposable listener = Listen(out RunningListener _);
        _ = _client.ConnectAsync(Address(StackPair.ServerAddress), 80, Defaults, default);
        TurnUntil(() => _client.Look((core, _) => core.Counters.SegmentsSent) == 1);
        _link.IsCut = true;
        DrainTurns();
        _time.Advance(TimeSpan.FromMilliseconds(990));
        DrainTurns();
        long early = _client.Look((core, _) => core.Counters.SegmentsSent + core.Counters.SegmentsResent);
        _link.IsCut = false;
        _time.Advance(TimeSpan.FromMilliseconds(30));
        DrainTurns();
        long late = _client.Look((core, _) => core.Counters.SegmentsSent + core.Counters.SegmentsResent);
        Assert.True(late >= early, "Segments are only added.");
        Assert.InRange(late, 2, 4);
    }

    [Fact]
    public void The_link_changes_its_MTU_and_sizes_follow()
    {
        RunningConnection client = Connect(out RunningConnection server);
        Assert.Equal(1500, _client.Look((core, _) => core.Mtu));
        foreach (int mtu in new[] { 900, 1400 })
        {
            _link.Mtu = mtu;
            _client.Turn();
            Assert.Equal(mtu, _client.Look((core, _) => core.Mtu));
            client.Writer.Write(new byte[5000]);
            TurnUntil(() => Reads(server, 5000));
        }
    }

    [Theory]
    [InlineData(2, new[] { 1, 2 })]
    [InlineData(17, new[] { 1, 17 })]
    [InlineData(20, new[] { 1, 17, 3 })] // nobody's segments wait for more than sixteen others
    public void Where_many_write_at_once_one_sends_for_those_before_him(int others, int[] batches)
    {
        RunningConnection[] clients =
            [.. Enumerable.Range(0, others + 1).Select(_ => Connect(out RunningConnection _))];
        DrainTurns();
        foreach (RunningConnection client in clients)
        {
            client.Writer.GetSpan(1)[0] = 1;
            client.Writer.Advance(1);
        }

        var sent = new List<int>();
        using var isSending = new ManualResetEventSlim();
        using var mayGoOn = new ManualResetEventSlim();
        _link.Transmitting = count =>
        {
            sent.Add(count);
            isSending.Set();
            mayGoOn.Wait(StackPair.Guard);
        };
        Thread[] writers = [.. clients.Select(client => new Thread(() => Flush(client)))];
        writers[0].Start();
        Assert.True(isSending.Wait(StackPair.Guard));
        Array.ForEach(writers[1..], writer => writer.Start());
        Assert.True(SpinWait.SpinUntil(() => _client.Door.Waiting == others, StackPair.Guard));
        mayGoOn.Set();
        Array.ForEach(writers, writer => writer.Join());

        Assert.Equal(batches, sent);
    }

    [Fact]
    public void Whoever_is_interrupted_at_the_door_leaves_what_was_passed_on_to_the_loop()
    {
        RunningConnection client = Connect(out RunningConnection server);
        DrainTurns();
        client.Writer.GetSpan(1)[0] = 1;
        client.Writer.Advance(1);
        Assert.NotEqual(TimeSpan.Zero, _client.UntilNextTurn);
        Thread interrupted = new(() => Assert.Throws<ThreadInterruptedException>(() => Flush(client)));
        using (Door.Visit visit = _client.Door.Enter())
        {
            interrupted.Start();
            Assert.True(SpinWait.SpinUntil(() => _client.Door.Waiting == 1, StackPair.Guard));
            interrupted.Interrupt();
            interrupted.Join();
        }

        Assert.Equal(0, _client.Door.Waiting);
        Assert.Equal(TimeSpan.Zero, _client.UntilNextTurn);
        Assert.True(_client.Turn());
        Assert.NotEqual(TimeSpan.Zero, _client.UntilNextTurn);
        Flush(client);
        TurnUntil(() => Reads(server, 1));
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
        long frames = _client.Look((core, _) => core.Counters.FramesSent);
        for (int i = 0; i < 10; i++)
        {
            _time.Advance(TimeSpan.FromSeconds(10));
            DrainTurns();
        }

        Assert.Equal(frames, _client.Look((core, _) => core.Counters.FramesSent));
    }

    public async ValueTask DisposeAsync()
    {
        foreach (RunningStack stack in new[] { _client, _server })
        {
            stack.Stop();
            await stack.EndAsync();
            Assert.Equal(0, stack.Config.Chunks.BytesOut);
        }

        _link.Dispose();
        _otherLink.Dispose();
    }

    private static ConnectionSettings Defaults => new UserTcpConnectionOptions().ToSettings();

    private static HostAddress Address(IPAddress address) => HostAddress.From(address);

    private StackSettings Settings(LinkDevice link, IPAddress address)
    {
        UserTcpStackOptions options = StackPair.Options(link, address);
        options.TimeProvider = _time;
        options.DeterministicSeed = 1;
        return options.ToSettings();
    }

    private IDisposable Listen(out RunningListener listener)
    {
        listener = _server.Listen(new UserTcpListenerOptions { LocalEndPoint = new(IPAddress.Any, 80) }.ToSettings());
        return new Closing(listener);
    }

    private RunningConnection Connect(out RunningConnection server)
    {
        using IDisposable _ = Listen(out RunningListener listener);
        Task<RunningConnection> connect = _client
            .ConnectAsync(Address(StackPair.ServerAddress), 80, Defaults, default).AsTask();
        RunningConnection? accepted = null;
        TurnUntil(() => connect.IsCompleted && (accepted ??= listener.TryAccept()) is not null);
        server = accepted!;
        return connect.GetAwaiter().GetResult();
    }

    private static void Flush(RunningConnection connection) =>
        Assert.True(connection.Writer.FlushAsync().IsCompletedSuccessfully);

    private static bool Reads(RunningConnection connection, long bytes)
    {
        if (!connection.Reader.TryRead(out ReadResult result))
            return false;

        bool isAll = result.Buffer.Length == bytes;
        connection.Reader.AdvanceTo(isAll ? result.Buffer.End : result.Buffer.Start, result.Buffer.End);
        return isAll;
    }

    private void DrainTurns()
    {
        for (int i = 0; i < 20; i++)
        {
            _client.Turn();
            _server.Turn();
        }
    }

    private void TurnUntil(Func<bool> isDone)
    {
        using var guard = new CancellationTokenSource(StackPair.Guard);
        while (!isDone())
        {
            guard.Token.ThrowIfCancellationRequested();
            _client.Turn();
            _server.Turn();
        }
    }

    /// <summary>Observers are shown a segment before those are woken who wait for what it brought.</summary>
    private sealed class Aborting(RunningConnection connection) : IUserTcpConnectionObserver
    {
        public void OnAck(in UserTcpAckSample sample) => connection.Abort(null);
    }

    private sealed class Closing(RunningListener listener) : IDisposable
    {
        public void Dispose() => listener.Close();
    }
}

internal static class WriterWords
{
    public static void Write(this PipeWriter writer, ReadOnlyMemory<byte> bytes)
    {
        ValueTask<FlushResult> flush = writer.WriteAsync(bytes);
        Assert.True(flush.IsCompletedSuccessfully);
        _ = flush.Result;
    }
}
