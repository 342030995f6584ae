using UserTcp.Primitives;
using UserTcp.Tcp.Receive;

namespace UserTcp.Tcp;

/// <content>RFC 9293 §3.10.1 to §3.10.6: the user's calls.</content>
internal sealed partial class Tcb
{
    public Effects OnUserCall(in UserCall call, Instant now)
    {
        if (State == TcpState.Closed && call.Kind != UserCallKind.Open)
            return TakeEffects();

        switch (call.Kind)
        {
            case UserCallKind.Open:
                Open(now);
                break;
            case UserCallKind.Send:
                TuneSendBuffer(); // what was published is seen by the pull; before ESTABLISHED it waits in the queue
                break;
            case UserCallKind.SendUrgent:
                _urgentPosition = call.Argument; // RFC 9293 §3.10.2: SND.UP
                break;
            case UserCallKind.Receive:
                Receive(now);
                break;
            case UserCallKind.Close:
                Close();
                break;
            case UserCallKind.CloseInput:
                break; // the receive queue throws away what arrives, and the window stays open
            case UserCallKind.Abort:
                Abort(UserTcpCloseReason.ResetByLocal);
                break;
            case UserCallKind.Detach:
                Detach(now);
                break;
            case UserCallKind.Reconfigure:
                Reconfigure(now);
                break;
            case UserCallKind.StackStopped:
                Abort(UserTcpCloseReason.StackStopped);
                break;
            case UserCallKind.LinkDown:
                EnterClosed(UserTcpCloseReason.LinkDown, tellPeer: false);
                break;
            case UserCallKind.AddressLost:
                EnterClosed(UserTcpCloseReason.AddressLost, tellPeer: false);
                break;
        }

        return TakeEffects();
    }

    /// <summary>RFC 9293 §3.10.1, active: SYN.</summary>
    private void Open(Instant now)
    {
        MoveTo(TcpState.SynSent);
        _openedAt = now;
        _lastReceivedAt = now;
        Owe(Dues.Syn);
        Arm(TcpTimer.OpenTimeout, now + Config.SynR2); // RFC 9293 §3.8.3 (MUST-22, MUST-23)
    }

    /// <summary>RFC 9293 §3.10.3: the buffer has room again; the peer is told if it is worth a segment.</summary>
    private void Receive(Instant now)
    {
        TuneReceiveBuffer(now);
        if (IsSynchronized && !_receiver.FinReceived && WindowPolicy.ShouldUpdate(WindowFacts()))
            _receiver.OweWindowUpdate();
    }

    /// <summary>RFC 9293 §3.10.4: FIN goes behind what is queued.</summary>
    private void Close()
    {
        if (_finQueued)
            return;

        _finQueued = true;
        switch (State)
        {
            case TcpState.SynSent:
                EnterClosed(UserTcpCloseReason.ResetByLocal, tellPeer: false);
                break;
            case TcpState.Established:
                MoveTo(TcpState.FinWait1);
                break;
            case TcpState.CloseWait:
                MoveTo(TcpState.LastAck);
                break;
        }
    }

    /// <summary>RFC 9293 §3.10.5: RST, unless the peer has already got all there is and our FIN.</summary>
    private void Abort(UserTcpCloseReason reason)
    {
        bool peerKnows = State is TcpState.SynSent or TcpState.TimeWait
            || (State is TcpState.Closing or TcpState.LastAck && _sender.FinSent);
        EnterClosed(reason, tellPeer: !peerKnows);
    }

    /// <summary>The application let go of the connection; from here on its time is bounded.</summary>
    private void Detach(Instant now)
    {
        if (IsOrphan)
            return;

        IsOrphan = true;
        if (State == TcpState.SynSent)
        {
            EnterClosed(UserTcpCloseReason.ResetByLocal, tellPeer: false);
        }
        else if (_receive.LeavesUnread && !IsPastUse)
        {
            // RFC 9293 §3.6.1 (SHLD-3): the peer must learn that octets it sent were lost.
            EnterClosed(UserTcpCloseReason.ResetByLocal, tellPeer: true);
        }
        else
        {
            Close();
            StartOrphanTimer(now);
        }
    }

    // FIN was sent and received: nothing that the peer still believes in is lost by what the reader left.
    private bool IsPastUse => _receiver.FinReceived && _sender.FinSent;

    private void StartOrphanTimer(Instant now)
    {
        _progressAt = now;
        if (State != TcpState.Closed)
            Arm(TcpTimer.Orphan, now + Live.OrphanTimeout);
    }

    private void Reconfigure(Instant now)
    {
        StartKeepAlive(now);
        _timers.Stop(TcpTimer.UserTimeout);
        if (MaySendText)
            StartUserTimeout(now);
    }

    private void StartKeepAlive(Instant from)
    {
        _timers.Stop(TcpTimer.KeepAlive);
        _keepAliveProbes = 0;
        if (Live.KeepAlive && IsSynchronized)
            Arm(TcpTimer.KeepAlive, from + Live.KeepAliveTime);
    }
}
