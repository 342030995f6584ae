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
/// A stack on an open link: its shards, and what belongs to all of them. Lives from the start to the end of one run.
/// </summary>
internal sealed partial class RunningStack
{
    /// <summary>How long the last RSTs may wait for a full link.</summary>
    private static readonly TimeSpan s_lastWords = TimeSpan.FromMilliseconds(250);

    private readonly StackSettings _settings;
    private readonly LinkDevice _link;
    private readonly MonotonicClock _clock;
    private readonly Host _host;
    private readonly RunningShard[] _shards;
    private readonly LimitedLogger _logger;
    private readonly LimitedLogger[] _loggers;
    private readonly StackNews _news;

    /// <summary>Whoever opens or closes a listener holds it, and enters one door after the other.</summary>
    private readonly Lock _listening = new();

    private readonly OpenListeners _listeners = new();
    private readonly Pings _pings; // under the door of shard 0
    private volatile bool _isStopping;
    private Exception? _fault;
    private int _nextShard;

    /// <param name="settings">The settings.</param>
    /// <param name="queues">The queues of the link, one for each shard.</param>
    public RunningStack(StackSettings settings, params LinkDevice[] queues)
    {
        LinkDevice link = queues[0];
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
        _host = new Host(Config, _clock.Now);
        Addresses = new Addressing(this, _host.Routes, _news, link.Info.Name);
        Meter = StackMeter.Of(settings.MeterFactory);
        var shown = new ShownFrames(settings.Taps, link.Info, _clock, OnTapFailed);
        var losses = new LinkWatch(link, _logger, Name);
        _shards = new RunningShard[queues.Length];
        for (int i = 0; i < queues.Length; i++)
        {
            _shards[i] = new RunningShard(
                this, _host, i, queues[i], _clock, settings, shown, losses, _loggers[1]);
        }

        // Where nobody else can be, nobody is asked, and no wake-up follows.
        if (_shards[0].AddressState == AddressState.Claimed)
            _news.ClaimUnasked();
    }

    public StackConfig Config { get; }

    /// <summary>The addresses, which may change.</summary>
    public Addressing Addresses { get; }

    public IReadOnlyList<RunningShard> Shards => _shards;

    public string Name { get; }

    public ILogger ConnectionLogger { get; }

    public ILogger ListenerLogger { get; }

    /// <summary>Whether the stack cannot go on while this thread waits for it.</summary>
    public bool NeedsThisThread =>
        _settings.Driver is not null || Array.Exists(_shards, static shard => shard.Loop.IsCurrentThread);

    /// <summary>Who turns the stack; null: threads of its own.</summary>
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
            Instant next = Instant.Never;
            foreach (RunningShard shard in _shards)
            {
                if (shard.Bell.IsDue(now))
                    return TimeSpan.Zero;
                next = Instant.Min(next, shard.Bell.Deadline);
            }

            return next.IsNever ? null : next - now;
        }
    }

    /// <summary>Completes, with the reason, if the stack ends by itself, and never otherwise.</summary>
    public Task<Exception> Faulted => _news.Faulted;

    /// <summary>Why the stack ended by itself; null if it did not.</summary>
    public Exception? FaultCause => Volatile.Read(ref _fault);

    /// <summary>A turn of each shard by hand, for who runs stacks without threads: a simulator.</summary>
    internal bool Turn()
    {
        bool isDone = false;
        foreach (RunningShard shard in _shards)
        {
            isDone |= shard.Loop.Turn(mayTransmit: true);
        }

        return isDone;
    }

    /// <summary>Runs the loops and waits until the addresses are ours.</summary>
    /// <exception cref="SocketException">Another station has one of them.</exception>
    public async ValueTask StartAsync(CancellationToken cancellationToken)
    {
        _link.Steer(_host.Steering);
        _link.SetReceiveAddress(Config.MacAddress);
        _settings.Driver?.Attach(this);
        foreach (RunningShard shard in _shards)
        {
            if (_settings.Driver is null)
                shard.Loop.Start(shard.Index == 0 ? $"UserTcp {Name}" : $"UserTcp {Name} {shard.Index}");
            // The first deadlines and frames, those of the probes, are the loop's from here on.
            shard.Door.Enter().Dispose();
        }

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

    /// <summary>Resets what is left, at once; then the loops end. Idempotent.</summary>
    public void Stop()
    {
        AppDomain.CurrentDomain.ProcessExit -= OnProcessExit;
        StopNewWork(); // who stops without draining has not yet told those who wait
        Instant giveUp = _clock.Now + s_lastWords;
        while (StopShards() && _clock.IsSystem && _clock.Now < giveUp)
        {
            Thread.Yield();
        }

        foreach (RunningShard shard in _shards)
        {
            shard.Bell.Stop();
        }
    }

    /// <summary>Waits for the loops, then gives all memory back; the link stays open.</summary>
    public async ValueTask EndAsync()
    {
        foreach (RunningShard shard in _shards)
        {
            if (shard.Loop.IsStarted)
                await shard.Loop.Ended.ConfigureAwait(false);
        }

        Release();
    }

    // A thread that enters a door from here on finds the flag. Connections that were made before are in the list.
    private List<RunningConnection> StopNewWork()
    {
        _isStopping = true;
        foreach (RunningListener listener in _listeners.All)
        {
            listener.Close();
        }

        using (Door.Visit visit = _shards[0].Door.Enter())
            OnEnd(visit.Wakes);
        return [.. GetConnections()];
    }

    /// <summary>True while RSTs wait for the link.</summary>
    private bool StopShards()
    {
        bool isSending = false;
        foreach (RunningShard shard in _shards)
        {
            isSending |= shard.Stop();
        }

        return isSending;
    }

    private void Release()
    {
        Meter.Remove(this);
        bool isFirst = true;
        foreach (RunningShard shard in _shards)
        {
            isFirst &= shard.Kill();
        }

        if (!isFirst)
            return;

        _settings.Driver?.Detach(this);
        Array.ForEach(_shards, static shard => shard.Dispose());
        Array.ForEach(_loggers, static logger => logger.TellLeftOut());
        LogMessages.StackStopped(_logger, Name);
    }

    /// <summary>Under a door: what comes out of a shard and concerns the whole stack.</summary>
    public void OnWakeup(in Wakeup wakeup, Door.Visit visit)
    {
        WakeList wakes = visit.Wakes;
        switch (wakeup.Kind)
        {
            case WakeupKind.EchoReply:
            case WakeupKind.EchoUnreachable:
                _pings.OnEcho(wakeup.Echo, wakeup.Kind == WakeupKind.EchoReply, wakes);
                break;
            case WakeupKind.LimitReached:
                _news.OnLimit(wakeup.Limit, wakeup.Count, wakes);
                break;
            case WakeupKind.AddressClaimed:
                Addresses.OnClaimed(wakeup.Address, wakes);
                break;
            default:
                Addresses.OnConflict(wakeup.Conflict, visit.Shard, wakes);
                break;
        }
    }

    /// <summary>Under the door of a shard that has failed: the others end themselves.</summary>
    public void OnFault(RunningShard shard, Exception cause, WakeList wakes)
    {
        bool isFirst = Interlocked.CompareExchange(ref _fault, cause, null) is null;
        if (shard.Index == 0)
            OnEnd(wakes);
        // Each shard ends all: one may just have been opened at this shard that another did not see.
        foreach (RunningListener listener in _listeners.All)
        {
            listener.OnEnd(wakes);
        }

        if (!isFirst)
            return;

        _news.OnFault(cause, wakes);
        foreach (RunningShard other in _shards)
        {
            if (!ReferenceEquals(other, shard))
                other.Bell.AskForTurn();
        }
    }

    // Under the door of shard 0.
    private void OnEnd(WakeList wakes)
    {
        _pings.OnEnd(wakes);
        Addresses.OnEnd(wakes);
    }

    private void OnProcessExit(object? sender, EventArgs e) => Stop();
}
