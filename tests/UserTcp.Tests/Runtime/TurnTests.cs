using System.IO.Pipelines;
using System.Net;
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
