using UserTcp.Primitives;
using UserTcp.Wire;

namespace UserTcp.Tcp.Send;

/// <summary>The send sequence space (RFC 9293 §3.3.1) and what may be sent of it.</summary>
internal sealed partial class Sender(TcpConfig config, IpFamily family, SeqNumber initialSend)
{
    private const int TimestampBytes = 12;

    private SendWindow _window;
    private RetransmitTimer _timer = new(config);
    private EcnSender _ecn;
    private PathProbe _path = new(config.ReceiveMss, family);
    private Pacer _pacer = new();
    private WindowUse _use = new(initialSend);
    private CongestionResponse _congestion = new(config.LossRecovery.ProportionalRateReduction, initialSend);
    private TailLossProbe _probe = new();
    private LossDetection _loss = new(config.LossRecovery, initialSend);
    private DeliveryRate _delivery;
    private SeqNumber _partEnd;
    private Instant _lastSentAt = Instant.Never;
    private bool _isIdleTold;

    /// <summary>The settings that are fixed at open.</summary>
    public TcpConfig Config => config;

    /// <summary>ISS.</summary>
    public SeqNumber InitialSend { get; } = initialSend;

    /// <summary>SND.UNA.</summary>
    public SeqNumber Una { get; private set; } = initialSend;

    /// <summary>SND.NXT, and SND.MAX: lost octets are found in the flight, SND.NXT does not go back for them.</summary>
    public SeqNumber Next { get; private set; } = initialSend;

    /// <summary>SND.WND.</summary>
    public WindowSize Window => _window.Size;

    /// <summary>Max(SND.WND).</summary>
    public uint MaxWindow => _window.Largest;

    /// <summary>Snd.Wind.Shift.</summary>
    public WindowScale Scale { get; private set; }

    public bool HasSack { get; private set; }

    /// <summary>The peer's MSS option, or its default.</summary>
    public Mss PeerMss { get; private set; } = family.DefaultMss;

    /// <summary>
    /// Eff.snd.MSS: text per segment, the options of every segment subtracted (RFC 9293 §3.7.1, MUST-16).
    /// </summary>
    public int SegmentSize { get; private set; } = config.ReceiveMss.Bytes;

    /// <summary>The options of every segment, in octets.</summary>
    public int OptionBytes { get; private set; }

    /// <summary>A segment that was not full waits for its acknowledgment, and Nagle's algorithm for that.</summary>
    public bool IsPartOutstanding { get; private set; }

    /// <summary>Whether sizes are probed that the path may carry.</summary>
    public bool ProbesPath => config.BlackHoleDetection;

    public Flight Flight { get; } = new(config.SegmentRings);

    public ref readonly LossDetection Loss => ref _loss;

    public ref readonly RttEstimator Rtt => ref _timer.Rtt;

    public ref readonly RetransmitTimer Timer => ref _timer;

    public ref readonly EcnSender Ecn => ref _ecn;

    public ref readonly PathProbe Path => ref _path;

    /// <summary>Null until the handshake has told the segment size.</summary>
    public ICongestionController? Congestion => _congestion.Controller;

    /// <summary>cwnd in octets, that of a recovery while it goes on; 0 before the handshake is over.</summary>
    public long CongestionWindow => _congestion.Window;

    /// <summary>The state of loss recovery.</summary>
    public RecoveryState RecoveryState =>
        _loss.State == RecoveryState.Open && (Flight.SackedBytes > 0 || _loss.DuplicateAcks > 0)
            ? RecoveryState.Disorder
            : _loss.State;

    /// <summary>Octets delivered, and how fast.</summary>
    public ref readonly DeliveryRate Delivery => ref _delivery;

    public bool FinSent { get; private set; }

    public bool SynRetransmitted { get; private set; }

    public bool IsFinAcknowledged => FinSent && Una == Next;

    public bool IsSynAcknowledged => Una != InitialSend;

    /// <summary>The unused part of the peer's window; negative if it shrank (RFC 9293 §3.8.6, MUST-34).</summary>
    public int UsableWindow => (int)((long)Window.Bytes - (Next - Una));

    /// <summary>Whether congestion control would let a segment go for which the peer has no room.</summary>
    public bool IsPeerWindowLimited => UsableWindow < SegmentSize && Room >= SegmentSize;

    /// <summary>Octets thought to be in the network.</summary>
    public uint BytesInFlight => Flight.BytesInFlight - Math.Min(Flight.BytesInFlight, _loss.LeftNetwork);

    /// <summary>Whether all that is outstanding is the octet of a window probe.</summary>
    public bool OnlyProbeOutstanding => Flight.Count == 1 && Flight[0].Has(SentFlags.Probe);

    /// <summary>The peer's SYN was seen: its options hold from here on.</summary>
    public void OnPeerOptions(in TcpOptions options, bool hasTimestamps, bool scales)
    {
        PeerMss = options.HasMss ? new Mss(Math.Max(options.Mss, Mss.Floor.Bytes)) : PeerMss;
        Scale = scales ? options.WindowScale : WindowScale.None;
        HasSack = options.SackPermitted && config.SelectiveAcknowledgments;
        OptionBytes = hasTimestamps ? TimestampBytes : 0;
        ComputeSegmentSize();
    }

    /// <summary>The handshake is over: the window of its last segment is taken, and sending begins.</summary>
    public void OnEstablished(WindowSize window, SeqNumber seq, SeqNumber ack, Instant now)
    {
        // RFC 6928 §2; one segment if the SYN or SYN-ACK had to be sent again (RFC 5681 §3.1).
        const int OrdinarySegment = 1460;
        int segments = config.InitialWindowSegments;
        int initial = SynRetransmitted
            ? SegmentSize
            : Math.Min(segments * SegmentSize, Math.Max(2 * SegmentSize, segments * OrdinarySegment));
        _congestion.Begin(config.CongestionControl.CreateController(Context(now), initial));
        _timer.OnEstablished(SynRetransmitted);
        _window.Begin(window, seq, ack);
    }

    /// <summary>A newer segment brings another window (<see cref="SendWindow.Take"/>).</summary>
    public void TakeWindow(WindowSize window, SeqNumber seq, SeqNumber ack) => _window.Take(window, seq, ack);

    public bool IsNewerWindow(SeqNumber seq, SeqNumber ack) => _window.IsNewer(seq, ack);

    /// <summary>The SYN left; it is the first entry of the flight, and is sent again from there.</summary>
    public void OnSynSent(Instant now, bool isLost)
    {
        _lastSentAt = now;
        if (Flight.IsEmpty)
        {
            Flight.Append(new SentSegment { Seq = InitialSend, Length = 1, SentAt = now, Flags = SentFlags.Syn });
            Next = InitialSend + 1;
            return;
        }

        SynRetransmitted |= isLost;
        Flight.OnRetransmitted(0, InitialSend, 1, 0, now);
    }

    /// <summary>A passive open sent the SYN-ACK before there was a TCB.</summary>
    public void AdoptSynAck(Instant sentAt, bool wasRetransmitted, bool isTimed)
    {
        SynRetransmitted = wasRetransmitted;
        Next = InitialSend + 1;
        Flight.Append(new SentSegment
        {
            Seq = InitialSend,
            Length = 1,
            SentAt = sentAt,
            Flags = SentFlags.Syn | (wasRetransmitted || !isTimed ? SentFlags.Ambiguous : SentFlags.None),
        });
    }

    /// <summary>
    /// The peer answers while its window is closed: it is alive, and R2 does not count (RFC 9293 §3.8.6, SHLD-17).
    /// </summary>
    public void OnAliveInClosedWindow() => _timer.OnAnswer();

    /// <summary>
    /// After a pause cwnd says nothing of the network (RFC 5681 §4.1). Before the choice, which may be a super-segment.
    /// </summary>
    public void RestartIfIdle(Instant now)
    {
        bool isIdle = Flight.IsEmpty && !_lastSentAt.IsNever && now - _lastSentAt > _timer.Timeout;
        if (!isIdle || _isIdleTold || !config.SlowStartAfterIdle)
            return;

        _isIdleTold = true;
        Congestion?.OnIdleRestart(Context(now));
    }

    /// <summary>The retransmission timer ran out: the wait that marks imposed is over.</summary>
    public void EndHoldBack() => _ecn.EndHoldBack();

    /// <summary>New text left with CWR on it.</summary>
    public void OnCwrSent() => _ecn.OnCwrSent();

    /// <summary>A router or the link says which packets it takes (RFC 1191 §6.4).</summary>
    public void OnPathMtu(int mtu)
    {
        int before = SegmentSize;
        _path.OnCeiling(Mss.Min(Mss.FromMtu(mtu, _path.Family), config.ReceiveMss));
        FollowPath();
        if (SegmentSize < before)
            Flight.MarkOversizedLost(SegmentSize);
    }

    /// <summary>Octets per second at which segments leave now; 0 where they are not paced.</summary>
    public double PacingRate => config.Pacing ? _congestion.PacingRate(Rtt, BytesInFlight) : 0;

    /// <summary>When what is held back may leave.</summary>
    public Instant ReleaseAt => _pacer.ReleaseAt;

    /// <summary>The most that one plan may carry at the pace.</summary>
    public int PacedGsoBytes(int maxGsoBytes)
    {
        double rate = PacingRate;
        int most = rate > 0 ? Math.Min(maxGsoBytes, Pacer.BurstBytes(rate, SegmentSize)) : maxGsoBytes;
        return _congestion.Quantum(most, SegmentSize);
    }

    /// <summary>Whether the pace holds back the choice: no probe, lone FIN, or first segment of a recovery.</summary>
    public bool IsHeld(in SendChoice choice, Instant now)
    {
        bool isExempt = choice.IsProbe || choice.IsTailProbe || choice.Text == 0
            || (choice.FlightIndex >= 0 && _loss.MustRetransmitFirst);
        return !isExempt && _pacer.IsHeld(now) && PacingRate > 0;
    }

    /// <summary>Takes in the observations of a choice, whether it leaves or not.</summary>
    public void Note(in SendChoice choice, Instant now)
    {
        if ((choice.Notes & ChoiceNotes.AppLimited) != 0)
            _delivery.OnAppLimited(BytesInFlight);
        if ((choice.Notes & ChoiceNotes.CongestionLimited) != 0)
            _use.Note(isLimited: true, Una, Next, Flight.Bytes);
        if ((choice.Notes & ChoiceNotes.GivesUpForward) != 0)
            _loss.GiveUpForward();
        if ((choice.Notes & ChoiceNotes.PathFound) != 0)
            _path.OnFound(now);
    }

    /// <summary>The choice leaves as a segment, its text perhaps cut shorter.</summary>
    public void Commit(in SendChoice choice, Instant now)
    {
        bool wasIdle = Flight.IsEmpty;
        _lastSentAt = now;
        _congestion.OnSent(choice.Length);
        _isIdleTold = false;
        Pace(choice, now);
        if (choice.PathProbe > 0 || _path.IsOut)
            _path.OnSent(choice, now + Rtt.Smoothed);
        if (choice.IsTailProbe)
            _probe.OnSent(choice.FlightIndex < 0 ? choice.Seq + choice.Length : Next, choice.FlightIndex >= 0);
        if (choice.FlightIndex >= 0)
            CommitAgain(choice, wasIdle, now);
        else
            CommitNew(choice, wasIdle, now);
        if (_congestion.HearsSends && choice.Text > 0)
            TellSent(choice, now);
    }

    /// <summary>
    /// The window opened while a probe's octet is outstanding: it is sent again together with what follows it.
    /// </summary>
    public void TakeBackProbe()
    {
        Flight.RemoveLast();
        Next = Una;
    }

    private void CommitAgain(in SendChoice choice, bool wasIdle, Instant now)
    {
        ref SentSegment again = ref Flight.OnRetransmitted(
            choice.FlightIndex, choice.Seq, choice.Length, choice.SegmentSize, now);
        _loss.OnRetransmitted((int)choice.Length, now);
        _delivery.OnSent(ref again, wasIdle, Flight, now);
        again.InFlight = BytesInFlight;
        again.Flags |= choice.IsProbe ? SentFlags.Probe : SentFlags.None;
    }

    private void CommitNew(in SendChoice choice, bool wasIdle, Instant now)
    {
        var segment = new SentSegment
        {
            Seq = choice.Seq, Length = choice.Length, SentAt = now, SegmentSize = choice.SegmentSize,
        };
        segment.Flags = (choice.Fin ? SentFlags.Fin : 0) | (choice.IsProbe ? SentFlags.Probe : 0);
        _delivery.OnSent(ref segment, wasIdle, Flight, now);
        segment.InFlight = BytesInFlight + segment.Length;
        Flight.Append(segment);
        Next = choice.Seq + choice.Length;
        FinSent |= choice.Fin;
        if (!choice.IsProbe)
            _use.Note(isLimited: CongestionWindow - BytesInFlight < SegmentSize, Una, Next, Flight.Bytes);
        if (!choice.IsProbe && choice.Text % choice.SegmentSize != 0)
            (IsPartOutstanding, _partEnd) = (true, Next);
    }

    private void TellSent(in SendChoice choice, Instant now) => Congestion!.OnSent(new CongestionSend
    {
        Context = Context(now),
        Bytes = choice.Text,
        IsRetransmission = choice.FlightIndex >= 0,
    });

    private void Pace(in SendChoice choice, Instant now)
    {
        double rate = PacingRate;
        if (rate > 0 && choice.Text > 0)
            _pacer.OnSent(choice.Text, choice.SegmentSize, rate, now);
    }

    private CongestionContext Context(Instant now) => new()
    {
        Now = new TimeSpan(now.Ticks),
        SegmentSize = SegmentSize,
        BytesInFlight = BytesInFlight,
        BytesOutstanding = FlightSize,
        SmoothedRtt = Rtt.Smoothed,
        MinRtt = Rtt.Minimum,
    };

    // FlightSize of RFC 5681 §2: what is outstanding, reported or not, but for limited transmit's segments beyond cwnd.
    private long FlightSize => Math.Min(Flight.Bytes, Congestion?.CongestionWindow ?? long.MaxValue);

    /// <summary>
    /// The part of cwnd that is not in flight. Without limited transmit (RFC 3042 §2) what merely arrived out of order
    /// makes no room.
    /// </summary>
    public int Room
    {
        get
        {
            bool isStrict = !config.LossRecovery.LimitedTransmit && _loss.State == RecoveryState.Open;
            uint inNetwork = isStrict ? Flight.Bytes - Flight.LostBytes : BytesInFlight;
            return (int)Math.Clamp(CongestionWindow - inNetwork, 0, int.MaxValue);
        }
    }

    // Text in flight stays as it is. If it is too large, it is found to be lost, and is cut when it is sent again.
    private void FollowPath()
    {
        ComputeSegmentSize();
        Congestion?.OnSegmentSize(SegmentSize);
    }

    private void ComputeSegmentSize() =>
        SegmentSize = Math.Max(1, Mss.Min(PeerMss, _path.Mss).Bytes - OptionBytes);
}
