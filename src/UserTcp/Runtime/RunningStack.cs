using System.IO.Pipelines;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using UserTcp.Diagnostics;
using UserTcp.Ip;
using UserTcp.Links;
using UserTcp.Primitives;
using UserTcp.Stack;

namespace UserTcp.Runtime;

/// <summary>
/// A stack on an open link: the core, its door, its loop, and everybody who waits for it. Lives from the start to the
/// end of one run.
/// </summary>
internal sealed partial class RunningStack : IStackOwner
{
    /// <summary>How long the last RSTs may wait for a full link.</summary>
    private static readonly TimeSpan s_lastWords = TimeSpan.FromMilliseconds(250);

    private readonly StackSettings _settings;
    private readonly LinkDevice _link;
    private readonly MonotonicClock _clock;
    private readonly LoopBell _bell;
    private readonly EventLoop _loop;
    private readonly Shard _shard;
    private readonly LimitedLogger _logger;
    private readonly Resolutions _resolutions;
    private readonly LimitedLogger[] _loggers;
    private readonly StackNews _news;

    // All below changes under the door.
    private readonly HashSet<RunningConnection> _connections = [];
    private readonly HashSet<RunningListener> _listeners = [];
    private readonly Pings _pings;
    private bool _isStopping;
    private Exception? _fault;

    public RunningStack(StackSettings settings, LinkDevice link)
    {
        _settings = settings;
        _link = link;
        _clock = new MonotonicClock(settings.TimeProvider);
        Config = settings.ToConfig(link.Info);
        Name = settings.Name ?? link.Info.Name;
        _loggers = [.. LogMessages.Categories.Select(
            category => LimitedLogger.Create(settings.LoggerFactory, category, settings.TimeProvider))];
        (_logger, ConnectionLogger, ListenerLogger) = (_loggers[0], _loggers[2], _loggers[3]);
        _news = new StackNews(Name, link.Info.Name, _logger, Completions);
        _pings = new Pings((uint)Config.Secret.Hash(0));
        _shard = new Shard(new Host(Config, _clock.Now)) { TellsNeighbors = true };
        Meter = StackMeter.Of(settings.MeterFactory);
        _resolutions = new Resolutions(Name, Meter, _loggers[1]);
        Taps = new TapQueue(settings.Taps, link.Info, _clock, OnTapFailed);
        Watch = new FrameWatch(Taps, new LinkWatch(link, _logger, Name));
        // Where nobody else can be, nobody is asked, and no wake-up follows.
        if (_shard.AddressState == AddressState.Claimed)
            _news.ClaimUnasked();
        _bell = new LoopBell(link);
        Door = new Door(_shard, link, _clock, _bell, this, settings.Driver, Taps);
        _loop = new EventLoop(Door, link, _clock, _bell, settings, Watch);
    }

    public StackConfig Config { get; }

    public Door Door { get; }

    /// <summary>Chunks for the writers of all connections.</summary>
    public ChunkStash Stash { get; } = new();

    public string Name { get; }

    public ILogger ConnectionLogger { get; }

    public ILogger ListenerLogger { get; }

    /// <summary>Whether the stack cannot go on while this thread waits for it.</summary>
    public bool NeedsThisThread => _settings.Driver is not null || _loop.IsCurrentThread;

    /// <summary>Who turns the stack; null: a thread of its own.</summary>
    public IStackDriver? Driver => _settings.Driver;

    public PipeScheduler Scheduler => _settings.Scheduler;

    public TimeProvider TimeProvider => _settings.TimeProvider;

    /// <inheritdoc cref="StackSettings.Completions"/>
    public TaskCreationOptions Completions => _settings.Completions;

    /// <summary>How long the stack can be left alone, for who turns it by hand; zero if it has work to do.</summary>
    public TimeSpan? UntilNextTurn
    {
        get
        {
            Instant now = _clock.Now;
            if (_bell.IsDue(now))
                return TimeSpan.Zero;
            return _bell.Deadline.IsNever ? null : _bell.Deadline - now;
        }
    }

    /// <summary>Completes, with the reason, if the stack ends by itself, and never otherwise.</summary>
    public Task<Exception> Faulted => _news.Faulted;

    /// <summary>Why the stack ended by itself; null if it did not.</summary>
    public Exception? FaultCause => Volatile.Read(ref _fault);

    /// <summary>A turn by hand, for who runs stacks without threads: a simulator.</summary>
    internal bool Turn() => _loop.Turn(mayTransmit: true);

    /// <summary>Runs the loop and waits until the addresses are ours.</summary>
    /// <exception cref="SocketException">Another station has one of them.</exception>
    public async ValueTask StartAsync(CancellationToken cancellationToken)
    {
        _link.SetReceiveAddress(Config.MacAddress);
        if (_settings.Driver is IStackDriver driver)
            driver.Attach(this);
        else
            _loop.Start($"UserTcp {Name}");
        // The first deadlines and frames, those of the probes, are the loop's from here on.
        Door.Enter().Dispose();
        AppDomain.CurrentDomain.ProcessExit += OnProcessExit;
        AddressConflict? conflict = await _news.Claimed.WaitAsync(cancellationToken).ConfigureAwait(false);
        if (conflict is AddressConflict c)
            throw ConnectErrors.ForConflict(c, _link.Info.Name);
        if (FaultCause is Exception fault)
            throw new IOException($"The link {_link.Info.Name} failed while the stack started: {fault.Message}", fault);

        Meter.Add(this);
        _news.TellStart(Config, _settings.Seed is not null);
    }

    /// <summary>
    /// Sends FIN on every connection and waits until all that was written is acknowledged, or the time is over.
    /// </summary>
    public async ValueTask DrainAsync(TimeSpan timeout)
    {
        List<RunningConnection> connections = StopNewWork();
        var ends = new List<Task>(connections.Count);
        foreach (RunningConnection connection in connections)
        {
            connection.CloseOutput();
            ends.Add(connection.OutputEnd);
        }

        Task all = Task.WhenAll(ends);
        await all.WaitAsync(timeout, TimeProvider).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (!all.IsCompleted)
            LogMessages.DrainTimedOut(_logger, Name, timeout, ends.Count(end => !end.IsCompleted));
    }

    /// <summary>Resets what is left, at once; then the loop ends. Idempotent.</summary>
    public void Stop()
    {
        AppDomain.CurrentDomain.ProcessExit -= OnProcessExit;
        StopNewWork(); // who stops without draining has not yet told those who wait
        Instant giveUp = _clock.Now + s_lastWords;
        while (StopCore() && _clock.IsSystem && _clock.Now < giveUp)
        {
            Thread.Yield();
        }

        _bell.Stop();
    }

    /// <summary>Waits for the loop, then gives all memory back; the link stays open.</summary>
    public async ValueTask EndAsync()
    {
        if (_loop.IsStarted)
            await _loop.Ended.ConfigureAwait(false);
        Release();
    }

    private List<RunningConnection> StopNewWork()
    {
        using Door.Visit visit = Door.Enter();
        _isStopping = true;
        foreach (RunningListener listener in _listeners.ToArray())
        {
            listener.OnStop(visit);
        }

        _pings.OnEnd(visit.Wakes);
        return [.. _connections];
    }

    /// <summary>True while RSTs wait for the link.</summary>
    private bool StopCore()
    {
        using (Door.Visit visit = Door.Enter())
        {
            _isStopping = true;
            if (visit.IsDead)
                return false;

            visit.Stop();
        }

        using (Door.Visit visit = Door.Enter())
            return !visit.IsDead && visit.Shard.HasPendingOutput;
    }

    private void Release()
    {
        Meter.Remove(this);
        using (Door.Visit visit = Door.Enter())
        {
            if (!visit.Kill())
                return;
        }

        _settings.Driver?.Detach(this);
        _shard.Dispose();
        _loop.Dispose();
        Array.ForEach(_loggers, logger => logger.TellLeftOut());
        LogMessages.StackStopped(_logger, Name);
    }

    private void OnProcessExit(object? sender, EventArgs e) => Stop();
}
