using UserTcp.Fuzz.Machine;
using UserTcp.Fuzz.Wire;
using UserTcp.Links;
using UserTcp.Primitives;
using UserTcp.Runtime;
using UserTcp.Stack;
using UserTcp.Wire;

namespace UserTcp.Fuzz;

/// <summary>
/// One execution: a whole stack in virtual time, and everything that happens to it, read from the input. A byte says
/// what comes next, those after it how. Frames are plausible unless the input makes an effort: handshakes are
/// completed, numbers are those that the stack waits for, checksums are right.
/// </summary>
internal sealed partial class FuzzRun : IStackDriver, IFrameSink, IDisposable
{
    /// <summary>An input's longest part that is executed, in bytes.</summary>
    public const int MaxInput = 512;

    private const int MostFlows = 64;
    private const int MostCalls = 160;
    private const int MostTurnsAtOnce = 2_000;
    private const int MostTurns = 20_000;

    private readonly FuzzInput _input;
    private readonly StateCoverage _coverage;
    private readonly FuzzSettings _settings;
    private readonly FuzzClock _clock = new();
    private readonly FuzzScheduler _scheduler = new();
    private readonly FuzzLink _link;
    private readonly FrameMaker _frames;
    private readonly UserTcpStack _stack;
    private readonly Connections _connections;
    private readonly List<PeerFlow> _flows = [];
    private RunningStack? _running;
    private Shard[] _cores = [];
    private int _turns;
    private int _turnsAtOnce;

    private FuzzRun(byte[] bytes, int length, StateCoverage coverage)
    {
        _input = new FuzzInput(bytes, length);
        _coverage = coverage;
        _connections = new Connections(coverage);
        _settings = new FuzzSettings(_input);
        _link = new FuzzLink(_settings.LinkInfo, this);
        _frames = new FrameMaker(Stations.StackMac, _settings.IsEthernet);
        _stack = new UserTcpStack(_settings.StackOptions(_link, _clock, _scheduler, this));
    }

    private bool IsOver => _link.IsGone || _stop is not null;

    private StackConfig Config => _running!.Config;

    /// <summary>Runs an input to its end.</summary>
    /// <exception cref="FuzzViolationException">An invariant does not hold.</exception>
    public static void Execute(byte[] bytes, int length, StateCoverage coverage)
    {
        // Continuations are to run here and now, whatever surrounds the caller.
        SynchronizationContext? before = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(null);
        try
        {
            using var run = new FuzzRun(bytes, Math.Min(length, MaxInput), coverage);
            run.Execute();
            coverage.Executions++;
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(before);
        }
    }

    public void Attach(RunningStack stack) => _running = stack;

    public void Detach(RunningStack stack)
    {
    }

    public void Defer(Action<object?> action, object? state) => _scheduler.Schedule(action, state);

    public void Dispose()
    {
        foreach (PendingCall call in _calls)
        {
            call.Dispose();
        }

        if (_stack.State is not (UserTcpStackState.Stopped or UserTcpStackState.Created))
            _stack.Abort(); // after a finding: nothing of it may live on
    }

    private void Execute()
    {
        Start();
        for (int i = 0; i < MostCalls && !_input.IsEmpty && _turns < MostTurns && !IsOver; i++)
        {
            Step();
        }

        End();
    }

    private void Start()
    {
        Task start = _stack.StartAsync().AsTask();
        _cores = [.. _running!.Shards.Select(static shard => shard.Look(static (core, _) => core))];
        Settle();
        if (_settings.DetectConflicts)
            Pass(TimeSpan.FromSeconds(2));
        if (!start.IsCompletedSuccessfully)
            throw new FuzzViolationException($"The stack did not start: {start.Exception?.GetBaseException()}");
    }

    private void Step()
    {
        byte code = _input.Next();
        _turnsAtOnce = 0;
        switch (code & 31)
        {
            case 0:
                Pass(TimeSpan.FromMilliseconds(_input.Next()));
                break;
            case 1:
                PassDeadlines(1 + (code >> 5));
                break;
            case 2:
                Pass(TimeSpan.FromMilliseconds(10L << (_input.Next() & 15)));
                break;
            case >= 8 and <= 16 or 24 or 25 or 26 or 27 or 29:
                StepFrame(code);
                break;
            default:
                StepCall(code);
                break;
        }
    }

    /// <summary>Everything that is to be done now.</summary>
    private void Settle()
    {
        while (true)
        {
            if (_scheduler.TryRun())
                continue;

            if (IsDead || (_link.Waiting == 0 && !IsTurnDue()))
                break;

            if (++_turnsAtOnce > MostTurnsAtOnce)
                throw new FuzzViolationException($"The stack spins. {Describe()}");
            _turns++;
            _running!.Turn();
            Watch();
        }

        FollowCalls();
        Watch();
    }

    private string Describe()
    {
        string link = _link.Room == int.MaxValue ? "" : $", room for {_link.Room} frames";
        IEnumerable<string> connections = _connections.All
            .Where(static entry => !entry.Core.IsForgotten)
            .Select(static entry => $"{entry.Core.Flow} {entry.Core.Tcb.State} {entry.Core.Tcb.NextDeadline}");
        return $"It is {TimeSpan.FromTicks(_clock.Ticks)}, the next turn is due in {_running!.UntilNextTurn}, the next"
            + $" deadline is {_cores.Min(static core => core.NextDeadline.Ticks)}, pending output: {HasOutput}{link};"
            + $" {string.Join("; ", connections)}";
    }

    private bool HasOutput => Array.Exists(_cores, static core => core.HasPendingOutput);

    private long ConnectionCount => Sum(static core => core.ConnectionCount);

    private long HalfOpenCount => Sum(static core => core.HalfOpenCount);

    private long TimeWaitCount => Sum(static core => core.TimeWaitCount);

    private long SegmentsReceived => Sum(static core => core.Counters.SegmentsReceived);

    private long Sum(Func<Shard, long> count)
    {
        long sum = 0;
        foreach (Shard core in _cores)
        {
            sum += count(core);
        }

        return sum;
    }

    // Each shard ends itself, and takes no turn after that.
    private bool IsDead => _running!.Shards.All(static shard => shard.Door.IsDead);

    private bool IsTurnDue() => _running!.UntilNextTurn is { } wait && wait <= TimeSpan.Zero;

    /// <summary>Lets time pass, and everything happen that is due meanwhile.</summary>
    private void Pass(TimeSpan time)
    {
        long end = _clock.Ticks + time.Ticks;
        Settle();
        while (NextEvent() <= end && _turns < MostTurns)
        {
            PassTo(NextEvent());
        }

        PassTo(Math.Max(end, _clock.Ticks));
    }

    private void PassDeadlines(int count)
    {
        Settle();
        for (int i = 0; i < count && NextEvent() != long.MaxValue; i++)
        {
            PassTo(NextEvent());
        }
    }

    private void PassTo(long ticks)
    {
        if (ticks > _clock.Ticks)
            _turnsAtOnce = 0;
        _clock.MoveTo(ticks);
        while (_clock.TryFire())
        {
            Settle();
        }

        Settle();
    }

    private long NextEvent()
    {
        long due = _clock.NextDue;
        return !IsDead && _running!.UntilNextTurn is { } wait
            ? Math.Min(due, _clock.Ticks + Math.Max(1, wait.Ticks))
            : due;
    }

    /// <summary>Puts a frame into the batch; the batch arrives unless it is to be held for the next one.</summary>
    private void Deliver(ReadOnlySpan<byte> frame, bool isHeld, FrameOffload offload = default)
    {
        _link.Put(frame, offload);
        if (!isHeld || _link.Waiting == FuzzLink.MaxFrames)
            Settle();
    }

    private PeerFlow FlowOf(in FlowKey key)
    {
        foreach (PeerFlow flow in _flows)
        {
            if (flow.Key == key)
                return flow;
        }

        var made = new PeerFlow(key);
        if (_flows.Count < MostFlows)
            _flows.Add(made);
        return made;
    }

    private PeerFlow? PickFlow(byte index) => _flows.Count == 0 ? null : _flows[index % _flows.Count];
}
