using System.Diagnostics;
using System.Numerics;
using UserTcp.Diagnostics;
using UserTcp.Links;
using UserTcp.Primitives;
using UserTcp.Stack;

namespace UserTcp.Runtime;

/// <summary>
/// The thread of a stack: it receives, runs timers and waits. Everything else is done by whoever has something to do.
/// </summary>
internal sealed class EventLoop : IDisposable
{
    /// <summary>How many turns with full batches may keep timers waiting: a flood must not stop them.</summary>
    private const int MostFullBatches = 8;

    /// <summary>A clock that does not run by itself is looked at this often.</summary>
    private static readonly TimeSpan s_longestSleepByForeignClock = TimeSpan.FromMilliseconds(10);

    /// <summary>How much of what others got is handled in one turn.</summary>
    private const int MaxHandOvers = 64;

    private readonly RunningShard _shard;
    private readonly Door _door;
    private readonly LinkDevice _link;
    private readonly MonotonicClock _clock;
    private readonly LoopBell _bell;
    private readonly FrameWatch _watch;
    private readonly List<HandOver> _incoming = [];
    private readonly List<HandOver> _outgoing = [];
    private readonly long _spinTimestamps;
    private readonly int _mtuLimit;
    private readonly RxBatch _rx = new();
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Thread? _thread;
    private int _linkMtu;
    private int _fullBatches;

    public EventLoop(
        RunningShard shard, LinkDevice link, MonotonicClock clock, LoopBell bell, StackSettings settings)
    {
        _shard = shard;
        _watch = shard.Watch;
        _door = shard.Door;
        _link = link;
        _clock = clock;
        _bell = bell;
        _mtuLimit = settings.Mtu ?? int.MaxValue;
        _linkMtu = link.Info.Mtu;
        if (Environment.ProcessorCount > 1)
            _spinTimestamps = Stopwatch.Frequency * settings.SpinTime.Ticks / TimeSpan.TicksPerSecond;
    }

    /// <summary>Completes when the thread has made its last turn.</summary>
    public Task Ended => _ended.Task;

    public bool IsStarted => _thread is not null;

    public bool IsCurrentThread => Thread.CurrentThread == _thread;

    public void Start(string name)
    {
        _thread = new Thread(Run) { IsBackground = true, Name = name };
        _thread.Start();
    }

    /// <summary>One turn; nothing here blocks, so that a simulator can call it too.</summary>
    /// <param name="mayTransmit">Whether the link, which was full, may have room again.</param>
    /// <returns>Whether anything was done.</returns>
    internal bool Turn(bool mayTransmit = false)
    {
        bool isDone = Visit(mayTransmit);
        if (_outgoing.Count > 0)
            HandOverAll();
        return isDone;
    }

    // Outside the door: no thread is ever inside two.
    private void HandOverAll()
    {
        IReadOnlyList<RunningShard> shards = _shard.Stack.Shards;
        ulong concerned = 0;
        foreach (HandOver handOver in _outgoing)
        {
            shards[handOver.Shard].HandOvers.Add(handOver);
            concerned |= 1UL << handOver.Shard;
        }

        _outgoing.Clear();
        for (; concerned != 0; concerned &= concerned - 1)
        {
            shards[BitOperations.TrailingZeroCount(concerned)].Bell.AskForTurn();
        }
    }

    private bool Visit(bool mayTransmit)
    {
        _rx.Clear();
        Instant asked = _clock.Now;
        int frames = Receive();
        Instant arrival = _clock.Now;
        if (frames == 0 && !mayTransmit && !_bell.IsDue(arrival))
            return false;

        using Door.Visit visit = _door.Enter(isTurn: true);
        _bell.TakeTurn();
        if (visit.IsDead)
            return false;

        try
        {
            if (_shard.Stack.FaultCause is Exception cause)
            {
                visit.Fault(cause); // another shard has failed
                return false;
            }

            FollowMtu(visit);
            TakeHandOvers(visit);
            for (int i = 0; i < frames; i++)
            {
                FrameOutcome outcome = visit.Shard.OnFrame(_rx[i], arrival);
                if (_watch.IsActive)
                    _watch.OnFrame(_rx[i], outcome, arrival, visit);
            }

            while (visit.Shard.TryNextHandOver(out HandOver handOver))
            {
                _outgoing.Add(handOver);
            }

            if (frames > 0)
                _watch.OnTurn(visit, arrival);

            if (MayJudge() && visit.Shard.NextDeadline <= asked)
                visit.Shard.OnDeadline(asked, visit.Now);
        }
        catch (Exception e)
        {
            visit.Fault(e);
        }

        return true;
    }

    public void Dispose() => _rx.Dispose();

    // They arrived before the frames of this turn. A device that learns by what is sent brings both for a while.
    private void TakeHandOvers(in Door.Visit visit)
    {
        if (_shard.HandOvers.IsEmpty)
            return;

        if (_shard.HandOvers.TakeTo(_incoming, MaxHandOvers, out long refused))
            _bell.AskForTurn();
        visit.Shard.Counters.Drop(PacketDropReason.QueueFull, refused);
        foreach (HandOver handOver in _incoming)
        {
            FrameOutcome outcome = visit.Shard.OnHandOver(handOver);
            if (_watch.IsActive)
                _watch.OnHandOver(handOver, outcome, visit);
            handOver.Return();
        }

        _incoming.Clear();
    }

    // A thread that stood still finds timers overdue, and the ACK that they wait for in the link: that comes first. So
    // time is judged by when the link was asked, and not while batches come full. (Links that stop at half a MiB may
    // hold more all the same.)
    private bool MayJudge()
    {
        _fullBatches = _rx.IsFull ? _fullBatches + 1 : 0;
        if (_fullBatches is > 0 and < MostFullBatches)
            return false;

        _fullBatches = 0;
        return true;
    }

    // A device may learn of its MTU only from a frame that was too long; TCP sends what was lost again, shorter.
    private void FollowMtu(in Door.Visit visit)
    {
        int mtu = _link.Info.Mtu;
        if (mtu == _linkMtu)
            return;

        _linkMtu = mtu;
        visit.Shard.OnMtuChanged(Math.Min(mtu, _mtuLimit), visit.Now);
    }

    private int Receive()
    {
        try
        {
            return _link.Receive(_rx);
        }
        catch (Exception e)
        {
            Fault(e);
            return 0;
        }
    }

    private void Run()
    {
        NativeThread.UsePreciseTimers();
        try
        {
            TurnUntilStopped();
        }
        catch (Exception e)
        {
            // A scheduler that the application gave us threw: nobody can be told where to go on any more.
            Fault(e);
        }
        finally
        {
            _ended.SetResult();
        }
    }

    private void TurnUntilStopped()
    {
        bool mayTransmit = false;
        while (!_bell.MustStop)
        {
            bool isBusy = Turn(mayTransmit) && !_bell.IsBlocked;
            mayTransmit = !isBusy && !SpinUntilTurn() && Sleep();
        }
    }

    private bool SpinUntilTurn()
    {
        if (_spinTimestamps == 0 || _bell.IsBlocked)
            return false;

        long start = Stopwatch.GetTimestamp();
        while (Stopwatch.GetTimestamp() - start < _spinTimestamps && !_bell.MustStop)
        {
            // A spin without yielding would keep the thread just woken from its processor for a whole scheduler tick.
            Thread.Yield();
            if (Turn())
                return true;
        }

        return false;
    }

    /// <summary>Waits for the link, the next deadline or the bell.</summary>
    /// <returns>Whether a full link may have room again.</returns>
    private bool Sleep()
    {
        Instant now = _clock.Now;
        if (!_bell.TrySleep(now, out Instant deadline))
            return false;

        try
        {
            return _link.Wait(TimeUntil(now, deadline)) && _bell.IsBlocked;
        }
        catch (Exception e)
        {
            Fault(e);
            return false;
        }
        finally
        {
            _bell.WakeUp();
        }
    }

    private TimeSpan TimeUntil(Instant now, Instant deadline)
    {
        if (!_clock.IsSystem)
            deadline = Instant.Min(deadline, now + s_longestSleepByForeignClock);
        if (deadline.IsNever)
            return Timeout.InfiniteTimeSpan;

        return deadline > now ? deadline - now : TimeSpan.Zero;
    }

    // The link threw outside the door, or a scheduler: the stack is over, and a loop without a link has nothing left
    // to do.
    private void Fault(Exception cause)
    {
        using (Door.Visit visit = _door.Enter(isTurn: true))
        {
            visit.Fault(cause);
        }

        _bell.Stop();
    }
}
