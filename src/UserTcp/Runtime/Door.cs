using System.Diagnostics;
using UserTcp.Links;
using UserTcp.Primitives;
using UserTcp.Stack;
using UserTcp.Tcp;

namespace UserTcp.Runtime;

/// <summary>What happens to a stack besides frames: who is to be woken, and the ends that nobody asked for.</summary>
internal interface IStackOwner
{
    /// <summary>Under the door: decides who is to be woken for something that left the stack.</summary>
    void OnWakeup(in Wakeup wakeup, Door.Visit visit);

    /// <summary>Under the door, once: the link is gone, or the stack threw. Wakes everybody.</summary>
    void OnFault(Exception cause, WakeList wakes);
}

/// <summary>
/// The lock of a stack, and what everybody who holds it does before leaving: send what is due, or leave that to others
/// who are about to come (<see cref="SendDuty"/>), then leave, then wake who waits for the stack. Fair in the end: who
/// leaves lets those who have waited for long have the processor.
/// </summary>
internal sealed class Door : IThreadPoolWorkItem
{
    private const int FramesPerPull = 64;

    /// <summary>How long somebody waits before those who leave make way, in timestamps: 1 ms.</summary>
    private static readonly long s_patience = Stopwatch.Frequency / 1000;

    private readonly Lock _lock = new();
    private readonly StackCore _stack;
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
    private long _waitingSince;
    private int _waiting;
    private bool _isBlocked;
    private bool _isStopping;
    private bool _isKilled;

    public Door(
        StackCore stack, LinkDevice link, MonotonicClock clock, LoopBell bell, IStackOwner owner,
        IStackDriver? driver = null, TapQueue? taps = null)
    {
        _stack = stack;
        _link = link;
        _clock = clock;
        _bell = bell;
        _owner = owner;
        _driver = driver;
        _taps = taps;
        _now = clock.Now;
    }

    /// <summary>
    /// Whether the stack is over, for good: nothing in it may be used any more. Read it under the door to be sure that
    /// it is not.
    /// </summary>
    public bool IsDead { get; private set; }

    /// <summary>Who sends. To be used under the door.</summary>
    public SendDuty Duty { get; } = new();

    /// <summary>How many wait outside.</summary>
    internal int Waiting => Volatile.Read(ref _waiting);

    /// <summary>Waits for the door.</summary>
    /// <param name="isTurn">Whether the loop enters for a turn of its own: the only visit that may wake inline.</param>
    public Visit Enter(bool isTurn = false)
    {
        EnterLock();
        return new Visit(this, isTurn);
    }

    /// <summary>For those who cannot hold a <see cref="Visit"/>: the pipes. Pair with <see cref="Leave"/>.</summary>
    public void EnterLock()
    {
        Debug.Assert(!_lock.IsHeldByCurrentThread, "The door is not to be entered twice.");
        if (!_lock.TryEnter())
            WaitForLock();
        _now = Instant.Max(_now, _clock.Now);
    }

    /// <summary>Runs a call on a connection. Inside only; a dead stack ignores it.</summary>
    public void Call(StackConnection connection, in UserCall call)
    {
        if (IsDead)
            return;

        try
        {
            _stack.OnUserCall(connection, call, _now);
        }
        catch (Exception e)
        {
            Fault(e);
        }
    }

    /// <summary>Sends what is due, unless somebody is to come who can do it, leaves, wakes who waits.</summary>
    /// <param name="isTurn">Whether it is the loop's own turn that ends.</param>
    /// <param name="mayPutOff">Whether a connection leaves that the thread pool or the loop resumes.</param>
    public void Leave(bool isTurn = false, bool mayPutOff = false)
    {
        WhoSends sender = isTurn || IsDead || _isStopping ? WhoSends.Visitor : Duty.Assign(mayPutOff, Waiting, _now);
        if (sender == WhoSends.Visitor)
            Flush();
        CollectWakeups();
        WakeList? wakes = TakeWakes();
        bool mayShow = _taps is not null && _taps.Close();
        Publish(isTurn, sender);
        bool queuesItem = sender == WhoSends.Woken && Duty.TryQueueItem();
        _lock.Exit();
        if (queuesItem)
            QueueItem();
        if (mayShow)
            _taps!.Show();
        if (!isTurn)
            _bell.RingIfNeeded();
        LetWaiterIn();
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

    /// <summary>Sends what those who were woken have left, if they have not done so themselves.</summary>
    void IThreadPoolWorkItem.Execute()
    {
        try
        {
            EnterLock();
            Duty.OnItem();
            Leave();
        }
        catch (Exception e)
        {
            // A scheduler of the application's threw, and here is no caller to be told.
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
            Duty.BeginInline();
        try
        {
            wakes.WakeAll(inlineAllowed: isTurn);
        }
        catch (Exception) when (IsDead)
        {
            // A scheduler of the application's threw. Why all ends is known and told; that some cannot hear of it is
            // nothing that anybody could be told.
        }
        finally
        {
            if (isTurn)
                Duty.EndInline();
        }
    }

    // The lock goes to whoever comes by while those who wait wake up. Yielding to them each time costs a crowd more
    // than half of what it gets done, and never yielding starves them behind a loop that comes back at once.
    private void LetWaiterIn()
    {
        long since = Volatile.Read(ref _waitingSince);
        if (since != 0 && Stopwatch.GetTimestamp() - since > s_patience)
            Thread.Yield();
    }

    private void WaitForLock()
    {
        Interlocked.CompareExchange(ref _waitingSince, Stopwatch.GetTimestamp(), 0);
        Interlocked.Increment(ref _waiting);
        bool isIn = false;
        try
        {
            _lock.Enter();
            isIn = true;
        }
        finally
        {
            Interlocked.Decrement(ref _waiting);
            if (!isIn)
                _bell.AskForTurn(); // interrupted: what was passed on is left to the loop
        }

        Volatile.Write(ref _waitingSince, 0); // who still waits has the patience for another round
    }

    // A full link ends the loop's wait when it takes frames again, but only if the loop itself has seen it full. Those
    // who were woken may never come, and the pool may have no thread to spare: the loop then sends for them.
    private void Publish(bool isTurn, WhoSends sender)
    {
        Instant deadline = IsDead ? Instant.Never : _stack.NextDeadline;
        if (!IsDead && sender is WhoSends.NextVisitor or WhoSends.Woken)
        {
            _bell.Publish(Instant.Min(deadline, Duty.PutOffUntil));
            return;
        }

        bool hasOutput = !IsDead && _stack.HasPendingOutput;
        bool isBlocked = hasOutput && isTurn && _isBlocked;
        _bell.Publish(deadline, hasOutput && !isBlocked, isBlocked);
    }

    // A stack that faulted before is killed all the same: the caller frees its memory.
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

        Duty.Done();
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
        int count = _stack.PullFrames(_frames, _now);
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
            _stack.FramesAccepted(accepted, _now);
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
            while (_stack.TryNextWakeup(out Wakeup wakeup))
            {
                _owner.OnWakeup(wakeup, new Visit(this, isTurn: false));
            }
        }
        catch (Exception e)
        {
            Fault(e);
        }
    }

    private WakeList? TakeWakes()
    {
        if (_wakes.IsEmpty)
            return null;

        WakeList taken = _wakes;
        _wakes = Interlocked.Exchange(ref _spareWakes, null) ?? new WakeList();
        return taken;
    }

    // An exception from the stack is our own mistake, one from the link its end: either way nothing limps on.
    private void Fault(Exception cause)
    {
        if (IsDead)
            return;

        IsDead = true;
        if (cause is IOException)
            TellLinkDown();
        _owner.OnFault(cause, _wakes);
    }

    // Each connection ends by its own rules; should the stack throw at that too, the owner ends them by force.
    private void TellLinkDown()
    {
        try
        {
            _stack.OnLinkDown(_now);
            while (_stack.TryNextWakeup(out Wakeup wakeup))
            {
                _owner.OnWakeup(wakeup, new Visit(this, isTurn: false));
            }
        }
        catch (Exception e)
        {
            _owner.OnFault(e, _wakes);
        }
    }

    /// <summary>A stay inside the door. Its disposal is the way out.</summary>
    internal readonly ref struct Visit
    {
        private readonly Door _door;
        private readonly bool _isTurn;

        internal Visit(Door door, bool isTurn)
        {
            _door = door;
            _isTurn = isTurn;
        }

        /// <summary>The stack; not to be touched if it <see cref="IsDead"/>.</summary>
        public StackCore Stack => _door._stack;

        /// <summary>The time of the visit; it never runs backwards.</summary>
        public Instant Now => _door._now;

        public bool IsDead => _door.IsDead;

        /// <summary>Who is to be woken after the visit.</summary>
        public WakeList Wakes => _door._wakes;

        /// <summary>Runs a call on a connection; a dead stack ignores it.</summary>
        public void Call(StackConnection connection, in UserCall call) => _door.Call(connection, call);

        /// <summary>Ends every connection with RST; a dead stack ignores it.</summary>
        public void Stop()
        {
            try
            {
                _door._isStopping = true; // from here on nothing is passed on: the next to come in may end it all
                if (!IsDead)
                    Stack.Stop(Now);
            }
            catch (Exception e)
            {
                Fault(e);
            }
        }

        /// <summary>Nothing in the stack is used after this visit, and the visit itself sends nothing.</summary>
        /// <returns>False if that was so before.</returns>
        public bool Kill() => _door.Kill();

        /// <summary>Ends the stack, and everybody who waits for it: something threw that must not.</summary>
        public void Fault(Exception cause) => _door.Fault(cause);

        public void Dispose() => _door.Leave(_isTurn);
    }
}
