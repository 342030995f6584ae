using System.Diagnostics;
using System.Runtime.CompilerServices;
using UserTcp.Buffers;
using UserTcp.Primitives;
using UserTcp.Tcp.Receive;
using UserTcp.Tcp.Send;
using UserTcp.Wire;

namespace UserTcp.Tcp;

/// <summary>
/// The transmission control block: one connection of RFC 9293, from SYN-SENT or SYN-RECEIVED on. Events go in, with the
/// time; they change state and say what changed. Segments come out of <see cref="TryNextSegment"/> and nowhere else.
/// </summary>
internal sealed partial class Tcb
{
    private readonly SendQueue _send;
    private readonly ReceiveQueue _receive;
    private readonly Sender _sender;
    private readonly Receiver _receiver;
    private readonly uint _timestampOffset;
    private TimerTable _timers = new();
    private Effects _effects;

    // The position in the send queue of the octet at SND.UNA: the one translation of the send side.
    private long _ackedPosition;

    private Dues _dues; // asked for by events
    private SeqNumber _replyResetSeq;
    private StrongBox<TcpOptions>? _replyResetOptions;

    private bool _peerScales;
    private bool _finQueued;
    private Instant _timeoutFrom;
    private int _persistProbes;
    private int _unansweredProbes;
    private ChallengeShare _challengeShare;
    private int _keepAliveProbes;
    private Instant _openedAt;
    private Instant _lastReceivedAt;
    private Instant _progressAt;
    private UserTcpCloseReason _softError;
    private long _urgentPosition;
    private CommonCounters _counters;
    private StrongBox<RareCounters>? _rare;
    private Chronograph _chronograph;

    /// <summary>An active open; <see cref="UserCall.Open"/> starts it.</summary>
    public Tcb(
        TcpConfig config, IpFamily family, SendQueue send, ReceiveQueue receive, SeqNumber iss, uint timestampOffset)
    {
        Live = config.Live;
        _send = send;
        _receive = receive;
        _timestampOffset = timestampOffset;
        _sender = new Sender(config, family, iss);
        _receiver = new Receiver(config);
        _receive.Capacity = config.FirstReceiveBytes;
        _send.Limit = config.FirstSendBytes;
        _send.Allowance = config.FirstSendBytes;
    }

    /// <summary>
    /// A passive open whose SYN-ACK is about to be acknowledged: SYN-RECEIVED. Pass it the segment that does so next.
    /// </summary>
    public Tcb(
        TcpConfig config, IpFamily family, SendQueue send, ReceiveQueue receive, PassiveOpen opening, Instant now)
        : this(config, family, send, receive, opening.InitialSend, opening.TimestampOffset)
    {
        State = TcpState.SynReceived;
        _openedAt = now;
        _lastReceivedAt = now;
        _ecn = opening.Ecn;
        TakePeerSyn(opening.InitialReceive, opening.PeerOptions, opening.ReceivedAt);
        _sender.AdoptSynAck(opening.SynAckSentAt, opening.Retransmissions > 0, isTimed: !opening.IsFromCookie);
        _receiver.AdoptRightEdge(_receiver.Next + opening.PromisedBytes);
        _receiver.OnAckSent(opening.Window, WindowScale.None, isDuplicate: false);
    }

    public TcpState State { get; private set; }

    /// <summary>The settings that are fixed, shared with other connections of a listener.</summary>
    public TcpConfig Config => _sender.Config;

    /// <summary>The settings that may change.</summary>
    public LiveSettings Live { get; set; }

    public UserTcpCloseReason CloseReason { get; private set; }

    /// <summary>Whether the peer shut its window and then answered no probe any more, and that ended it.</summary>
    public bool IsProbedInVain { get; private set; }

    /// <summary>Whether the application let go: nobody reads, nobody waits.</summary>
    public bool IsOrphan { get; private set; }

    /// <summary>The earliest timer. Moves with events and with pulls.</summary>
    public Instant NextDeadline => _timers.Earliest;

    /// <summary>
    /// Urgent data announced and not yet consumed, in octets from the reader's position (RFC 9293 §3.8.5, MUST-33).
    /// </summary>
    public long UrgentBytes =>
        _receiver.HasUrgent ? Math.Max(0, UrgentPosition - _receive.Consumed) : 0;

    /// <summary>
    /// The position after the last urgent octet in the receive queue; meaningful with <see cref="Effects.Urgent"/>.
    /// </summary>
    public long UrgentPosition => ReceivePosition(_receiver.UrgentEnd);

    /// <summary>
    /// A reset is due that answers one segment, or ends the connection: unlike an ACK, none stands for several.
    /// </summary>
    public bool OwesReset => Owes(Dues.ReplyReset | Dues.Reset);

    private bool IsSynchronized => State >= TcpState.Established && State != TcpState.TimeWait;

    private bool MaySendText =>
        State is TcpState.Established or TcpState.CloseWait or TcpState.FinWait1 or TcpState.Closing
            or TcpState.LastAck;

    public SendQueue SendQueue => _send;

    public ReceiveQueue ReceiveQueue => _receive;

    private ref RareCounters Rare => ref (_rare ??= new StrongBox<RareCounters>()).Value;

    private bool HasTimestamps => _receiver.Timestamps.IsNegotiated;

    /// <summary>The state that TIME-WAIT keeps (RFC 9293 §3.6.1).</summary>
    public TimeWaitState DescribeTimeWait() => new(
        _sender.Next, _receiver.Next, HasTimestamps, _receiver.Timestamps.Recent, _timestampOffset,
        new WindowSize(_receiver.Window) >> _receiver.Scale, _receiver.Scale);

    private long SendPosition(SeqNumber seq) =>
        _ackedPosition + (seq - _sender.Una) - (_sender.IsSynAcknowledged ? 0 : 1);

    private long ReceivePosition(SeqNumber seq) =>
        _receive.ContiguousEnd + (seq - _receiver.Next) + (_receiver.FinReceived ? 1 : 0);

    private SeqNumber ReceiveSeq(long position) =>
        _receiver.Next + (int)(position - _receive.ContiguousEnd) - (_receiver.FinReceived ? 1 : 0);

    private uint TimestampNow(Instant now) => unchecked((uint)now.Milliseconds + _timestampOffset);

    private SendOffer Offer(int extraOptionBytes)
    {
        const long Horizon = 1 << 30; // beyond it the sequence space could not tell old from new
        long unacknowledged = _send.End - _ackedPosition;
        long queued = Math.Min(unacknowledged, Horizon);
        return new SendOffer
        {
            DataEnd = _sender.Una + (uint)queued + (_sender.IsSynAcknowledged ? 0u : 1u),
            FinQueued = _finQueued && queued == unacknowledged,
            NoDelay = Live.NoDelay,
            Corked = Live.Corked,
            ExtraOptionBytes = extraOptionBytes,
            MaxGsoBytes = _sender.PacedGsoBytes(Config.MaxGsoBytes),
            IsTailProbeDue = Owes(Dues.TailProbe),
            Override = Owes(Dues.Override),
            IsWindowProbeDue = Owes(Dues.Override) && IsPersisting,
        };
    }

    private void MoveTo(TcpState state)
    {
        Transitions.Assert(State, state);
        State = state;
    }

    private void EnterEstablished()
    {
        MoveTo(TcpState.Established);
        if (Owes(Dues.Syn))
            _receiver.OweAck(); // in place of the SYN-ACK of a simultaneous open, which was due
        Settle(Dues.Syn);
        _effects |= Effects.Connected | Effects.Writable;
        _timers.Stop(TcpTimer.OpenTimeout);
        StartKeepAlive(_lastReceivedAt);
        if (_finQueued)
            MoveTo(TcpState.FinWait1);
    }

    private void EnterTimeWait()
    {
        MoveTo(TcpState.TimeWait);
        CloseReason = UserTcpCloseReason.Graceful;
        _timers.StopAll();
        _effects |= Effects.TimeWait | Effects.Readable | Effects.Writable;
    }

    /// <summary>
    /// CLOSED; a RST leaves with the last pull if the peer has to hear of it. Otherwise it still gets the ACK that an
    /// earlier segment of the same batch asked for.
    /// </summary>
    private void EnterClosed(UserTcpCloseReason reason, bool tellPeer)
    {
        MoveTo(TcpState.Closed);
        CloseReason = reason;
        bool owesLastAck = OwesAck && reason is UserTcpCloseReason.Graceful or UserTcpCloseReason.ResetByLocal;
        Owe(Dues.Reset, tellPeer);
        Owe(Dues.LastAck, owesLastAck && !tellPeer);
        _timers.StopAll();
        _effects |= Effects.Closed | Effects.Readable | Effects.Writable;
    }

    private void Arm(TcpTimer timer, Instant deadline)
    {
        _timers.Arm(timer, deadline);
        _effects |= Effects.Deadline;
    }

    private Effects TakeEffects()
    {
        AssertInvariants();
        Effects effects = _effects | (HasOutput ? Effects.Transmit : Effects.None);
        _effects = Effects.None;
        return effects;
    }

    private bool OwesAck => _receiver.AckNow || _receiver.DuplicateAcksOwed > 0;

    private bool Owes(Dues dues) => (_dues & dues) != 0;

    private void Owe(Dues dues, bool isOwed = true) => _dues = isOwed ? _dues | dues : _dues & ~dues;

    private void Settle(Dues dues) => _dues &= ~dues;

    // An ACK, lost text and new text are owed by the state of receiver, flight and send queue.
    private bool HasOutput =>
        _dues != Dues.None || OwesAck || _sender.Flight.LostBytes > 0
        || (MaySendText && !_sender.FinSent && (_finQueued || SendPosition(_sender.Next) < _send.End));

    [Conditional("DEBUG")]
    private void AssertInvariants()
    {
        const int BeyondWindow = 2; // a window probe, and FIN
        Flight flight = _sender.Flight;
        Debug.Assert(_sender.Una <= _sender.Next, "SND.UNA ≤ SND.NXT");
        Debug.Assert(flight.Bytes == (uint)(_sender.Next - _sender.Una), "The flight covers [SND.UNA, SND.NXT)");
        Debug.Assert(flight.SackedBytes + flight.LostBytes <= flight.Bytes, "No octet is both reported and lost");
        Debug.Assert(
            !_sender.IsSynAcknowledged || _sender.Next - _sender.Una <= _sender.MaxWindow + BeyondWindow,
            "SND.NXT stays within the largest window offered");
        Debug.Assert(_receiver.Next <= _receiver.RightEdge + 1,
            "RCV.NXT stays within the window promised, but for FIN");
    }
}
