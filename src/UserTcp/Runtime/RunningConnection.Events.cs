using System.IO.Pipelines;
using UserTcp.Diagnostics;
using UserTcp.Tcp;

namespace UserTcp.Runtime;

/// <summary>What the stack tells a connection, and whom the connection wakes for it.</summary>
internal sealed partial class RunningConnection
{
    private static readonly TaskCompletionSource<bool> s_connected = MakeConnected();

    /// <summary>Raised outside the door, on the application's scheduler, when urgent data was announced.</summary>
    public Action? UrgentAnnounced { get; set; }

    /// <summary>Something happened since the last time; several things may have.</summary>
    public void OnEffects(Effects effects, WakeList wakes)
    {
        WakeReasons reasons = WakeReasons.None;
        if ((effects & Effects.Connected) != 0)
            reasons |= WakeReasons.Connected;
        if ((effects & Effects.Readable) != 0)
            reasons |= OnReadable();
        bool isOver = (effects & (Effects.Closed | Effects.TimeWait)) != 0;
        if ((effects & Effects.Writable) != 0 && !isOver && Writer.OnWritable())
            reasons |= WakeReasons.Writer;
        if ((effects & Effects.OutputAcknowledged) != 0 && IsOutputOver())
        {
            _isOutputOver = true;
            reasons |= WakeReasons.OutputAcknowledged;
        }

        if ((effects & Effects.Urgent) != 0)
            reasons |= WakeReasons.Urgent;
        if ((reasons & WakeReasons.Reader) != 0)
            Expect();
        if (reasons != WakeReasons.None)
            wakes.Add(this, reasons);
        if (isOver)
            OnEnd(_core.Tcb.CloseReason, wakes); // flushes learn that it is over, not that they may go on
    }

    /// <summary>The connection is over, whoever ended it. Idempotent.</summary>
    public void OnEnd(UserTcpCloseReason reason, WakeList wakes)
    {
        if (!_end.TryEnd(reason))
            return;

        _shard.OnConnectionEnd(this);
        WakeReasons reasons = WakeReasons.Closed;
        if (Reader.OnClosed())
            reasons |= WakeReasons.Reader;
        if (Writer.OnClosed())
            reasons |= WakeReasons.Writer;
        wakes.Add(this, reasons);
    }

    /// <summary>Under the door: a segment of the peer was handled.</summary>
    public void OnSegment(Door.Visit visit)
    {
        if (_observers is { IsEmpty: false } observers)
            observers.OnSegment(_core.Tcb.DescribeAck(visit.Now), visit.Wakes);
    }

    public IDisposable AddObserver(IUserTcpConnectionObserver observer)
    {
        ConnectionObservers observers = _observers ?? Interlocked.CompareExchange(
            ref _observers, new ConnectionObservers((_, cause) => Stack.OnObserverFailed(Id, cause)), null)
            ?? _observers;
        observers.Add(observer);
        _shard.Watch.OnObserverAdded();
        return new Registration(() =>
        {
            observers.Remove(observer);
            _shard.Watch.OnObserverRemoved();
        });
    }

    void IWakeTarget.Wake(WakeReasons reasons, bool inlineAllowed)
    {
        Log(reasons);
        if ((reasons & WakeReasons.Closed) != 0 && _core.WasConnected && Stack.Meter.WantsConnectionEnds)
            Measure();
        if ((reasons & WakeReasons.Connected) != 0)
            _connected.Reach(s_connected);
        if ((reasons & WakeReasons.OutputAcknowledged) != 0)
            _outputEnd.Reach(true, Stack.Completions);
        if ((reasons & WakeReasons.InputClosed) != 0)
            _inputClosed.Reach(UserTcpCloseReason.Graceful, Stack.Completions);
        if ((reasons & WakeReasons.Closed) != 0)
            TellEnd();
        if ((reasons & WakeReasons.Urgent) != 0 && UrgentAnnounced is Action announce)
            Post(announce);
        if ((reasons & WakeReasons.Writer) != 0)
            Writer.Resume(inlineAllowed);
        if ((reasons & WakeReasons.Reader) != 0)
            Reader.Resume(inlineAllowed);
    }

    // A handler is not a continuation that promised not to block: it never runs on the loop's thread.
    private void Post(Action handler)
    {
        if (Scheduler == PipeScheduler.Inline)
            ThreadPool.QueueUserWorkItem(static run => run(), handler, preferLocal: false);
        else
            Scheduler.Schedule(static state => ((Action)state!)(), handler);
    }

    // Who reads usually answers.
    private void Expect()
    {
        if (!_isPooled || _isExpected)
            return;

        _isExpected = true;
        _shard.Door.Coalescer.OnWoken();
    }

    private WakeReasons OnReadable()
    {
        bool isDue = Reader.OnReadable(_core.Tcb.WindowUpdateFrom);
        WakeReasons reasons = isDue ? WakeReasons.Reader : WakeReasons.None;
        return _core.Receive.IsFinished ? reasons | WakeReasons.InputClosed : reasons;
    }

    // All that was written may be acknowledged many times in a connection's life; it ends with FIN.
    private bool IsOutputOver() => _core.Tcb.State is TcpState.FinWait2 or TcpState.TimeWait or TcpState.Closed;

    private void Measure()
    {
        TcbReport report = Describe();
        Stack.Meter.OnConnectionEnd(Stack.Name, _core.IsIncoming, CloseReason, report.Age, report.Rtt.Smoothed);
    }

    private static TaskCompletionSource<bool> MakeConnected()
    {
        var connected = new TaskCompletionSource<bool>();
        connected.SetResult(true);
        return connected;
    }

    // Whoever ends a connection may come by before the thread that is still to tell what was reached until then.
    private void TellEnd()
    {
        _connected.Reach(false, Stack.Completions);
        _inputClosed.Reach(Reader.HasEnded ? UserTcpCloseReason.Graceful : CloseReason, Stack.Completions);
        _outputEnd.Reach(_isOutputOver || CloseReason == UserTcpCloseReason.Graceful, Stack.Completions);
        _closed.Reach(CloseReason, Stack.Completions);
    }
}
