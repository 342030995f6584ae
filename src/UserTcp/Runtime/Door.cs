using UserTcp.Links;
using UserTcp.Primitives;
using UserTcp.Stack;
using UserTcp.Tcp;

namespace UserTcp.Runtime;

/// <summary>Receives wake-ups and faults of a stack.</summary>
internal interface IStackOwner
{
    /// <summary>Under the door: serves what was posted for a node.</summary>
    void OnMail(MailNode node, int bits, Door.Visit visit);

    /// <summary>Under the door: decides which waiters a wake-up of the stack completes.</summary>
    void OnWakeup(in Wakeup wakeup, Door.Visit visit);

    /// <summary>Under the door, once: the link is gone, or the stack threw. Wakes every waiter.</summary>
    void OnFault(Exception cause, WakeList wakes);
}

/// <summary>
/// The lock of a stack, at which no caller of a pipe waits. A call is posted (<see cref="Post"/>). If the door is free,
/// its thread enters and serves all that is posted; or else the thread inside does. Before a thread releases the door,
/// it sends what is due, or leaves that to others (<see cref="SendCoalescer"/>); after the release it completes the
/// waiters that it collected. Calls that need an answer, and the loop, wait for the door; no post overtakes them.
/// </summary>
internal sealed class Door : IThreadPoolWorkItem
{
    private const int FramesPerPull = 64;

    /// <summary>How many connections a thread serves at a time: when it has entered, and before it sends.</summary>
    private const int MaxServed = 64;

    /// <summary>How often a thread comes back for what was posted meanwhile; then the loop serves it.</summary>
    private const int MaxReturns = 4;

    private readonly CombiningLock<FreeSteps> _lock = new(default);
    private readonly Shard _shard;
    private readonly LinkDevice _link;
    private readonly MonotonicClock _clock;
    private readonly LoopBell _bell;
    private readonly IStackOwner _owner;
    private readonly IStackDriver? _driver;
    private readonly TapQueue? _taps;
    private readonly TxFrame[] _frames = new TxFrame[FramesPerPull];
    private WakeList _wakes = new();
    private WakeList? _spareWakes;
    private Instant _now;
    private bool _isBlocked;
    private bool _mustSend;
    private bool _isStopping;
    private bool _isKilled;

    public Door(
        Shard shard, LinkDevice link, MonotonicClock clock, LoopBell bell, IStackOwner owner,
        IStackDriver? driver = null, TapQueue? taps = null)
    {
        _shard = shard;
        _link = link;
        _clock = clock;
        _bell = bell;
        _owner = owner;
        _driver = driver;
        _taps = taps;
        _now = clock.Now;
    }

    /// <summary>
    /// Whether the stack has ended: nothing in it may be used any more. Only a value that was read under the door is
    /// certain.
    /// </summary>
    public bool IsDead { get; private set; }

    /// <summary>Decides which thread sends. Use it under the door.</summary>
    public SendCoalescer Coalescer { get; } = new();

    /// <summary>How many threads wait for the door.</summary>
    internal int Waiting => _lock.Waiting;

    /// <summary>Takes the lock.</summary>
    /// <param name="isTurn">Whether the event loop enters for its turn: the only visit that may wake inline.</param>
    public Visit Enter(bool isTurn = false)
    {
        EnterLock();
        return new Visit(this, isTurn);
    }

    /// <summary>Asks for something to be served. It never waits for the door.</summary>
    /// <param name="node">Whose it is.</param>
    /// <param name="bits">For the owner to understand.</param>
    /// <param name="mayDefer">Whether the caller is a connection that the thread pool or the loop resumed.</param>
    public void Post(MailNode node, int bits, bool mayDefer)
    {
        if (_driver is { RefusesEntry: true })
        {
            _lock.Leave(node, bits);
            _bell.AskForTurn();
            return;
        }

        if (!_lock.Post(node, bits))
            return;

        _now = Instant.Max(_now, _clock.Now);
        Leave(mayDefer: mayDefer);
    }

    /// <summary>As <see cref="Post"/>, for what may wait for the loop some milliseconds. It does not enter.</summary>
    public void PostLazily(MailNode node, int bits, bool mayDefer)
    {
        _lock.Leave(node, bits);
        if (!_bell.WillLook(_clock))
            Post(node, bits, mayDefer);
    }

    private void EnterLock()
    {
        _lock.Enter(_bell.AskForTurn); // if it is interrupted, the loop serves who relied on it
        _now = Instant.Max(_now, _clock.Now);
        Serve();
    }

    private void Call(StackConnection connection, in UserCall call)
    {
        if (IsDead)
            return;

        try
        {
            _shard.OnUserCall(connection, call, _now);
        }
        catch (Exception e)
        {
            Fault(e);
        }
    }

    // Sends what is due, unless another thread will; releases the lock; completes the collected waiters.
    private void Leave(bool isTurn = false, bool mayDefer = false)
    {
        WakeList? wakes = LeaveOnce(isTurn, mayDefer);
        for (int returns = 0; TryReturn(returns); returns++)
        {
            if (wakes is not null)
                GiveBack(wakes);
            wakes = LeaveOnce(isTurn, mayDefer);
        }

        if (wakes is null)
            return;

        if (_driver is not null)
        {
            _driver.Defer(static list => ((WakeList)list!).WakeAll(inlineAllowed: false), wakes);
            return;
        }

        Wake(wakes, isTurn);
        Volatile.Write(ref _spareWakes, wakes);
    }

    private WakeList? LeaveOnce(bool isTurn, bool mayDefer)
    {
        Serve();
        SendBy sender = isTurn || IsDead || _isStopping
            ? SendBy.CurrentThread
            : Coalescer.Decide(mayDefer && !_mustSend, _now);
        _mustSend = false;
        if (sender == SendBy.CurrentThread)
            Flush();
        CollectWakeups();
        WakeList? wakes = TakeWakes();
        bool mayShow = _taps is not null && _taps.Close();
        Publish(isTurn, sender);
        _bell.OnLooked(_now);
        bool queuesItem = sender == SendBy.WokenConnection && Coalescer.TryQueueItem();
        _lock.Exit();
        if (queuesItem)
            QueueItem();
        if (mayShow)
            _taps!.Show();
        if (!isTurn)
            _bell.RingIfNeeded();
        return wakes;
    }

    /// <summary>Takes the lock again, if something was posted by a thread that found it taken.</summary>
    private bool TryReturn(int returns)
    {
        if (returns == MaxReturns)
        {
            if (_lock.HasMail())
                _bell.AskForTurn();
            return false;
        }

        if (!_lock.TryReturn())
            return false;
        _now = Instant.Max(_now, _clock.Now);
        return true;
    }

    // Of a stack that is dead, too: what a reader gives back counts as long as somebody counts it.
    private void Serve()
    {
        for (int i = 0; i < MaxServed && _lock.TryTake(out MailNode? node, out int bits); i++)
        {
            try
            {
                _owner.OnMail(node, bits, new Visit(this, isTurn: false));
            }
            catch (Exception e)
            {
                Fault(e);
            }
        }
    }

    /// <summary>Sends what the woken connections have deferred, if none of them has sent it.</summary>
    void IThreadPoolWorkItem.Execute()
    {
        try
        {
            EnterLock();
            Coalescer.OnWorkItem();
            Leave();
        }
        catch (Exception e)
        {
            // The application's scheduler threw, and a work item has no caller that could be told.
            using Visit visit = Enter();
            visit.Fault(e);
        }
    }

    private void QueueItem()
    {
        if (_driver is null)
            ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
        else
            _driver.Defer(static door => ((IThreadPoolWorkItem)door!).Execute(), this);
    }

    private void Wake(WakeList wakes, bool isTurn)
    {
        if (isTurn)
            Coalescer.BeginInline();
        try
        {
            wakes.WakeAll(inlineAllowed: isTurn);
        }
        catch (Exception) when (IsDead)
        {
            // The application's scheduler threw while the stack ends. The cause of the end is reported already; nobody
            // is left to be told that some waiters could not be resumed.
        }
        finally
        {
            if (isTurn)
                Coalescer.EndInline();
        }
    }

    // A full link ends the loop's wait when it takes frames again, but only if the loop itself has seen it full. Woken
    // connections may never return, and the pool may have no free thread: then the loop sends for them.
    private void Publish(bool isTurn, SendBy sender)
    {
        Instant deadline = IsDead ? Instant.Never : _shard.NextDeadline;
        if (!IsDead && sender == SendBy.WokenConnection)
        {
            _bell.Publish(Instant.Min(deadline, Coalescer.DeferredUntil));
            return;
        }

        bool hasOutput = !IsDead && _shard.HasPendingOutput;
        bool isBlocked = hasOutput && isTurn && _isBlocked;
        _bell.Publish(deadline, hasOutput && !isBlocked, isBlocked);
    }

    // A stack that faulted before is killed as well: the caller frees its memory.
    private bool Kill()
    {
        bool isFirst = !_isKilled;
        _isKilled = true;
        IsDead = true;
        return isFirst;
    }

    private void Flush()
    {
        if (IsDead)
            return;

        Coalescer.OnSending();
        try
        {
            _isBlocked = false;
            while (!_isBlocked && PullAndTransmit())
            {
            }
        }
        catch (Exception e)
        {
            Fault(e);
        }
    }

    private bool PullAndTransmit()
    {
        int count = _shard.PullFrames(_frames, _now);
        if (count == 0)
            return false;

        int accepted = 0;
        try
        {
            accepted = _link.Transmit(_frames.AsSpan(0, count));
            if (_taps is { IsActive: true })
                _taps.OnSent(_frames.AsSpan(0, accepted), _now);
        }
        finally
        {
            _shard.FramesAccepted(accepted);
        }

        _isBlocked = accepted < count;
        return true;
    }

    private void CollectWakeups()
    {
        if (IsDead)
            return;

        try
        {
            while (_shard.TryNextWakeup(out Wakeup wakeup))
            {
                _owner.OnWakeup(wakeup, new Visit(this, isTurn: false));
            }
        }
        catch (Exception e)
        {
            Fault(e);
        }
    }

    private void GiveBack(WakeList wakes)
    {
        wakes.MoveTo(_wakes);
        Volatile.Write(ref _spareWakes, wakes);
    }

    private WakeList? TakeWakes()
    {
        if (_wakes.IsEmpty)
            return null;

        WakeList taken = _wakes;
        _wakes = Interlocked.Exchange(ref _spareWakes, null) ?? new WakeList();
        return taken;
    }

    // An exception from the stack is a defect of ours, one from the link means its end. Both end the stack.
    private void Fault(Exception cause)
    {
        if (IsDead)
            return;

        IsDead = true;
        if (cause is IOException)
            TellLinkDown();
        _owner.OnFault(cause, _wakes);
    }

    // Each connection ends by its own rules. If the stack throws again, the owner ends them by force.
    private void TellLinkDown()
    {
        try
        {
            _shard.OnLinkDown(_now);
            while (_shard.TryNextWakeup(out Wakeup wakeup))
            {
                _owner.OnWakeup(wakeup, new Visit(this, isTurn: false));
            }
        }
        catch (Exception e)
        {
            _owner.OnFault(e, _wakes);
        }
    }

    /// <summary>One stay of a thread inside the door. Disposal leaves.</summary>
    internal readonly ref struct Visit
    {
        private readonly Door _door;
        private readonly bool _isTurn;

        internal Visit(Door door, bool isTurn)
        {
            _door = door;
            _isTurn = isTurn;
        }

        /// <summary>The core; do not use it if <see cref="IsDead"/>.</summary>
        public Shard Shard => _door._shard;

        /// <summary>The time of the visit; it never runs backwards.</summary>
        public Instant Now => _door._now;

        public bool IsDead => _door.IsDead;

        /// <summary>The waiters to complete after the visit.</summary>
        public WakeList Wakes => _door._wakes;

        /// <summary>What was served is of a connection whose sending is not put off.</summary>
        public void MustSend() => _door._mustSend = true;

        /// <summary>Runs a call on a connection; a dead stack ignores it.</summary>
        public void Call(StackConnection connection, in UserCall call) => _door.Call(connection, call);

        /// <summary>Ends every connection with RST; a dead stack ignores it.</summary>
        public void Stop()
        {
            try
            {
                _door._isStopping = true; // from here on this thread sends: the next visitor may end the stack
                if (!IsDead)
                    Shard.Stop(Now);
            }
            catch (Exception e)
            {
                Fault(e);
            }
        }

        /// <summary>Ends the use of the stack: nothing is used after this visit, and the visit sends nothing.</summary>
        /// <returns>False if the stack was killed before.</returns>
        public bool Kill() => _door.Kill();

        /// <summary>Ends the stack and every wait for it, because code threw that must not.</summary>
        public void Fault(Exception cause) => _door.Fault(cause);

        public void Dispose()
        {
            _door.Leave(_isTurn);
            if (!_isTurn && _door.Waiting > 0)
                Thread.Yield(); // or a thread that comes back at once overtakes those who wait
        }
    }
}
