using UserTcp.Primitives;
using UserTcp.Tcp.Congestion;
using UserTcp.Wire;

namespace UserTcp.Tcp.Send;

/// <summary>What the sender needs to know of the rest of the connection to choose the next segment.</summary>
internal readonly record struct SendOffer
{
    /// <summary>The sequence number after the last octet written.</summary>
    public SeqNumber DataEnd { get; init; }

    public bool FinQueued { get; init; }

    public bool NoDelay { get; init; }

    public bool Corked { get; init; }

    /// <summary>Octets of options beyond those of every segment (SACK blocks).</summary>
    public int ExtraOptionBytes { get; init; }

    public int MaxGsoBytes { get; init; }
}

/// <summary>A stretch of the sequence space that is to be sent now.</summary>
internal struct SendChoice
{
    public SeqNumber Seq;
    public int Text;
    public bool Fin;
    public int SegmentSize;

    /// <summary>The entry of the flight that is sent again, or −1.</summary>
    public int FlightIndex;

    public bool IsProbe;

    public readonly uint Length => (uint)Text + (Fin ? 1u : 0);
}

/// <summary>The send sequence space (RFC 9293 §3.3.1) and what may be sent of it.</summary>
internal sealed partial class Sender(TcpConfig config, SeqNumber initialSend)
{
    private bool _isCongestionLimited;
    private SeqNumber _limitedMark = initialSend;
    private Instant _lastSentAt = Instant.Never;

    /// <summary>ISS.</summary>
    public SeqNumber InitialSend { get; } = initialSend;

    /// <summary>SND.UNA.</summary>
    public SeqNumber Una { get; private set; } = initialSend;

    /// <summary>SND.NXT, and SND.MAX: lost octets are found in the flight, SND.NXT does not go back for them.</summary>
    public SeqNumber Next { get; private set; } = initialSend;

    /// <summary>SND.WND.</summary>
    public WindowSize Window { get; private set; }

    /// <summary>SND.WL1.</summary>
    public SeqNumber WindowSeq { get; private set; }

    /// <summary>SND.WL2.</summary>
    public SeqNumber WindowAck { get; private set; }

    /// <summary>Max(SND.WND).</summary>
    public uint MaxWindow { get; private set; }

    /// <summary>Snd.Wind.Shift.</summary>
    public WindowScale Scale { get; private set; }

    public bool HasSack { get; private set; }

    /// <summary>The peer's MSS option, or its default.</summary>
    public Mss PeerMss { get; private set; } = config.IsV4 ? Mss.DefaultV4 : Mss.DefaultV6;

    /// <summary>The MSS that the path's MTU leaves.</summary>
    public Mss PathMss { get; private set; } = config.ReceiveMss;

    /// <summary>
    /// Eff.snd.MSS: text per segment, the options of every segment subtracted (RFC 9293 §3.7.1, MUST-16).
    /// </summary>
    public int SegmentSize { get; private set; } = config.ReceiveMss.Bytes;

    public Flight Flight { get; } = new();

    public LossDetection Loss { get; } = new();

    public RttEstimator Rtt { get; private set; }

    /// <summary>Null until the handshake has told the segment size.</summary>
    public ICongestionControl? Congestion { get; private set; }

    /// <summary>How often the oldest octet was sent again without an answer (R1, R2).</summary>
    public int Retransmissions { get; private set; }

    /// <summary>How often the timeout was doubled (RFC 6298 §5.5).</summary>
    public int Backoff { get; private set; }

    public bool FinSent { get; private set; }

    public bool SynRetransmitted { get; private set; }

    public bool IsFinAcknowledged => FinSent && Una == Next;

    public bool IsSynAcknowledged => Una != InitialSend;

    /// <summary>What the peer's window leaves; negative when it shrank (RFC 9293 §3.8.6, MUST-34).</summary>
    public int UsableWindow => (int)((long)Window.Bytes - (Next - Una));

    /// <summary>Octets thought to be in the network.</summary>
    public uint BytesInFlight => Flight.BytesInFlight - Math.Min(Flight.BytesInFlight, Loss.LeftNetwork);

    /// <summary>Whether all that is outstanding is the octet of a window probe.</summary>
    public bool OnlyProbeOutstanding => Flight.Count == 1 && Flight[0].Has(SentFlags.Probe);

    public TimeSpan RetransmitTimeout
    {
        get
        {
            TimeSpan timeout = Rtt.RetransmitTimeout(config.InitialRto, config.MinRto, config.MaxRto);
            long ticks = Backoff >= 20 ? config.MaxRto.Ticks : timeout.Ticks << Backoff;
            return new TimeSpan(Math.Min(ticks, config.MaxRto.Ticks));
        }
    }

    /// <summary>The persist interval: RTO, doubled, with a bound of its own (RFC 9293 §3.8.6.1, SHLD-30).</summary>
    public TimeSpan PersistInterval(int probes)
    {
        TimeSpan timeout = Rtt.RetransmitTimeout(config.InitialRto, config.MinRto, config.MaxRto);
        long ticks = probes >= 20 ? config.PersistMax.Ticks : timeout.Ticks << probes;
        return new TimeSpan(Math.Min(ticks, config.PersistMax.Ticks));
    }

    /// <summary>The peer's SYN was seen: its options hold from here on.</summary>
    public void OnPeerOptions(in TcpOptions options, bool hasTimestamps, bool scales)
    {
        PeerMss = options.HasMss ? new Mss(Math.Max(options.Mss, Mss.Floor.Bytes)) : PeerMss;
        Scale = scales ? options.WindowScale : WindowScale.None;
        HasSack = options.SackPermitted && config.SelectiveAcknowledgments;
        ComputeSegmentSize(hasTimestamps);
    }

    /// <summary>The path takes packets of this size, from now on (RFC 1191 §6.4).</summary>
    public void OnPathMss(Mss mss, bool hasTimestamps)
    {
        PathMss = Mss.Min(mss, config.ReceiveMss);
        int before = SegmentSize;
        ComputeSegmentSize(hasTimestamps);
        Congestion?.OnSegmentSize(SegmentSize);
        if (SegmentSize < before)
            Flight.MarkOversizedLost(SegmentSize);
    }

    /// <summary>The handshake is over: the window of its last segment is taken, and sending begins.</summary>
    public void OnEstablished(WindowSize window, SeqNumber seq, SeqNumber ack)
    {
        // RFC 6928 §2; one segment if the SYN or SYN-ACK had to be sent again (RFC 5681 §3.1).
        const int OrdinarySegment = 1460;
        int segments = config.InitialWindowSegments;
        int initial = SynRetransmitted
            ? SegmentSize
            : Math.Min(segments * SegmentSize, Math.Max(2 * SegmentSize, segments * OrdinarySegment));
        Congestion = config.CongestionControl?.Invoke(SegmentSize, initial) ?? new NewReno(SegmentSize, initial);
        TakeWindow(window, seq, ack);
    }

    public void TakeWindow(WindowSize window, SeqNumber seq, SeqNumber ack)
    {
        Window = window;
        WindowSeq = seq;
        WindowAck = ack;
        MaxWindow = Math.Max(MaxWindow, window.Bytes);
    }

    /// <summary>
    /// SND.WL1 and SND.WL2 keep an old segment from changing the window (RFC 9293 §3.10.7.4, fifth step).
    /// </summary>
    public bool IsNewerWindow(SeqNumber seq, SeqNumber ack) =>
        WindowSeq < seq || (WindowSeq == seq && WindowAck <= ack);

    /// <summary>The SYN left; it is the first entry of the flight, and is sent again from there.</summary>
    public void OnSynSent(Instant now)
    {
        _lastSentAt = now;
        if (Flight.IsEmpty)
        {
            Flight.Append(new SentSegment { Seq = InitialSend, Length = 1, SentAt = now, Flags = SentFlags.Syn });
            Next = InitialSend + 1;
            return;
        }

        SynRetransmitted = true;
        Flight.OnRetransmitted(0, 1, 0, now);
    }

    /// <summary>A passive open sent the SYN-ACK before there was a TCB.</summary>
    public void AdoptSynAck(Instant sentAt, bool wasRetransmitted)
    {
        SynRetransmitted = wasRetransmitted;
        Next = InitialSend + 1;
        Flight.Append(new SentSegment
        {
            Seq = InitialSend,
            Length = 1,
            SentAt = sentAt,
            Flags = SentFlags.Syn | (wasRetransmitted ? SentFlags.Ambiguous : SentFlags.None),
        });
    }

    /// <summary>
    /// An acceptable ACK (SND.UNA ≤ SEG.ACK ≤ SND.NXT). Returns the octets it newly covers, SYN and FIN counted.
    /// </summary>
    public uint OnAck(in AckFacts ack, Instant now, out LossSigns signs)
    {
        int flightBefore = (int)BytesInFlight;
        uint sacked = 0;
        Instant newest = Instant.Never;
        for (int i = 0; i < ack.SackCount; i++)
        {
            sacked += SackOne(ack.Sack[i], ref newest);
        }

        uint covered = (uint)(ack.Ack - Una);
        AckedSegments acked = Flight.AckTo(ack.Ack);
        Una = ack.Ack;
        if (newest.IsNever || (!acked.SampleFrom.IsNever && acked.SampleFrom > newest))
            newest = acked.SampleFrom;
        TimeSpan? rtt = !newest.IsNever ? now - newest : EchoedSample(ack.EchoedRtt, acked.LastSentAt, now);
        if (rtt is { } sample)
            TakeSample(sample);
        if (covered > 0)
            Retransmissions = 0;

        RecoveryState stateBefore = Loss.State;
        signs = Loss.OnAck(Flight, Facts(ack, covered, sacked));
        TellCongestion(new AckSample(
            now, (int)(acked.Bytes + sacked), flightBefore, rtt, !WasCongestionLimited(flightBefore),
            stateBefore == RecoveryState.Recovery), signs);
        return covered;
    }

    /// <summary>
    /// The peer answers while its window is closed: it is alive, and R2 does not count (RFC 9293 §3.8.6, SHLD-17).
    /// </summary>
    public void OnAliveInClosedWindow() => Retransmissions = 0;

    /// <summary>RFC 6298 §5.4 to §5.6.</summary>
    public void OnRetransmitTimeout(Instant now)
    {
        int flight = FlightSize;
        bool isRepeated = Retransmissions > 0;
        Retransmissions++;
        Backoff++;
        Loss.OnRetransmitTimeout(Flight, Next);
        Congestion?.OnRetransmitTimeout(now, flight, isRepeated);
    }

    /// <summary>
    /// After a pause cwnd says nothing of the network (RFC 5681 §4.1). Before the choice, which may be a super-segment.
    /// </summary>
    public void RestartIfIdle(Instant now)
    {
        if (Flight.IsEmpty && !_lastSentAt.IsNever && now - _lastSentAt > RetransmitTimeout)
            Congestion?.OnIdleRestart(now);
    }

    /// <summary>The choice leaves as a segment, its text perhaps cut shorter.</summary>
    public void Commit(in SendChoice choice, Instant now)
    {
        if (choice.FlightIndex >= 0)
        {
            Flight.OnRetransmitted(choice.FlightIndex, choice.Length, choice.SegmentSize, now);
            Loss.OnRetransmitted();
            if (choice.IsProbe)
                Flight[choice.FlightIndex].Flags |= SentFlags.Probe;
            _lastSentAt = now;
            return;
        }

        SentFlags flags = (choice.Fin ? SentFlags.Fin : 0) | (choice.IsProbe ? SentFlags.Probe : 0);
        Flight.Append(new SentSegment
        {
            Seq = choice.Seq, Length = choice.Length, SentAt = now, SegmentSize = choice.SegmentSize, Flags = flags,
        });
        Next = choice.Seq + choice.Length;
        FinSent |= choice.Fin;
        _lastSentAt = now;
    }

    /// <summary>
    /// The window opened while a probe's octet is outstanding: it is sent again together with what follows it.
    /// </summary>
    public void TakeBackProbe()
    {
        Flight.RemoveLast();
        Next = Una;
    }

    private uint SackOne(in SackBlock block, ref Instant newest)
    {
        // D-SACK (RFC 2883 §4) reports below SND.UNA; what lies beyond SND.NXT was never sent.
        bool isSane = HasSack && block.Left >= Una && block.Right <= Next;
        return isSane ? Flight.Sack(block, ref newest) : 0;
    }

    // The echo tells which transmission was answered. If it was an earlier one than the last, what it measures holds a
    // timeout or the loss of an ACK, and would inflate RTO by just that.
    private static TimeSpan? EchoedSample(TimeSpan? echoed, Instant lastSentAt, Instant now)
    {
        if (lastSentAt.IsNever || echoed is not { } rtt)
            return null;

        TimeSpan clock = TimeSpan.FromMilliseconds(1);
        return rtt <= now - lastSentAt + clock ? rtt : null;
    }

    private void TakeSample(TimeSpan rtt)
    {
        Rtt = Rtt.Sample(rtt);
        Backoff = 0; // Karn: a backed-off timeout holds until there is a valid sample (RFC 9293 §3.8.1, MUST-18)
    }

    private LossFacts Facts(in AckFacts ack, uint covered, uint sacked) => new()
    {
        Una = Una,
        Next = Next,
        Acked = covered,
        Sacked = sacked,
        IsDuplicate = ack.IsDuplicate,
        HasSack = HasSack,
        SegmentSize = SegmentSize,
    };

    private void TellCongestion(in AckSample sample, LossSigns signs)
    {
        if (Congestion is null)
            return;
        if ((signs & LossSigns.Recovered) != 0)
            Congestion.OnRecovered(sample.Now);
        Congestion.OnAck(sample);
        if ((signs & LossSigns.EnteredRecovery) != 0)
            Congestion.OnCongestion(sample.Now, FlightSize);
    }

    // FlightSize of RFC 5681 §2: what is outstanding, reported or not, but for limited transmit's segments beyond cwnd.
    private int FlightSize => (int)Math.Min(Flight.Bytes, (uint)(Congestion?.Window ?? int.MaxValue));

    // cwnd grows only while it is what holds the sender back; in slow start half of it in use is enough, or bursts from
    // the application would never get it going.
    private bool WasCongestionLimited(int flightBefore)
    {
        bool wasLimited = _isCongestionLimited;
        if (Una > _limitedMark)
            _isCongestionLimited = false;
        bool inSlowStart = Congestion is { } control && control.Window < control.SlowStartThreshold;
        return wasLimited || (inSlowStart && flightBefore >= Congestion!.Window / 2);
    }

    private int Room => Congestion is null ? 0 : Math.Max(0, Congestion.Window - (int)BytesInFlight);

    private void ComputeSegmentSize(bool hasTimestamps)
    {
        const int TimestampBytes = 12;
        int options = hasTimestamps ? TimestampBytes : 0;
        SegmentSize = Math.Max(1, Mss.Min(PeerMss, PathMss).Bytes - options);
    }
}
