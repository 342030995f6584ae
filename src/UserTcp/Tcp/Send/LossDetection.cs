using System.Runtime.InteropServices;
using UserTcp.Primitives;

namespace UserTcp.Tcp.Send;

/// <summary>
/// When something is taken to be lost: by time where the peer reports what arrives (RACK, RFC 8985), or by counting
/// (RFC 6675; RFC 5681 §3.2 and RFC 6582 where the peer does not); and when that was a mistake. What to do about the
/// rate is congestion control's affair.
/// </summary>
[StructLayout(LayoutKind.Auto)]
internal partial struct LossDetection(UserTcpLossRecoveryOptions options, SeqNumber initialSend)
{
    /// <summary>RFC 5681 §3.2, RFC 6675 §2.</summary>
    public const int DupThresh = 3;

    private Rack _rack = new(initialSend);
    private SpuriousDetection _spurious;
    private SeqNumber _recover = initialSend;
    private bool _isForward;

    public RecoveryState State { readonly get; private set; }

    /// <summary>SND.NXT when the loss was found ("recover" in RFC 6582, RecoveryPoint in RFC 6675).</summary>
    public SeqNumber RecoveryPoint { readonly get; private set; }

    public int DuplicateAcks { readonly get; private set; }

    /// <summary>The first lost segment leaves whatever the pipe holds (RFC 6675 §5 (4.3), RFC 6582 §3.2).</summary>
    public bool MustRetransmitFirst { readonly get; private set; }

    /// <summary>
    /// Without SACK, every duplicate ACK means that a segment left the network (the inflation of RFC 6582 §3.2).
    /// </summary>
    public uint LeftNetwork { readonly get; private set; }

    /// <summary>After a timeout new text is sent first, to see whether it was one (RFC 5682 §2.1, step 2b).</summary>
    public bool PrefersNewText { readonly get; private set; }

    /// <summary>When what was overtaken is to be looked at again; never if nothing is waited for.</summary>
    public Instant ReorderDeadline { readonly get; private set; } = Instant.Never;

    /// <summary>Octets that the last event showed to be lost.</summary>
    public uint NewlyLost { readonly get; private set; }

    public readonly bool ReorderingSeen => _rack.ReorderingSeen;

    public readonly uint ReorderingExtent => _rack.ReorderingExtent;

    public readonly bool InRecovery => State is RecoveryState.Recovery or RecoveryState.Loss;

    /// <summary>The first <paramref name="octets"/> of what was lost left again.</summary>
    public void OnRetransmitted(int octets, Instant now)
    {
        MustRetransmitFirst = false;
        _spurious.OnRetransmitted(octets, now);
    }

    /// <summary>There is no new text, or no room for it: what was lost is sent again after all.</summary>
    public void GiveUpForward()
    {
        PrefersNewText = false;
        _isForward = false;
    }

    /// <summary>An acceptable ACK.</summary>
    public LossSigns OnAck(Flight flight, in LossFacts facts, in AckDigest digest)
    {
        _rack.OnDelivered(digest);
        if (facts.HasSack && flight.IsReneged && flight.TryPayForRevision())
            flight.ForgetSacksIfReneging();
        if (facts.IsDuplicateSack)
            _rack.OnDuplicateSack(facts.Una, facts.Next);

        if (facts.Acked > 0 && !InRecovery)
        {
            DuplicateAcks = 0; // they told of reordering; what they said had left is acknowledged now
            LeftNetwork = 0;
        }

        LossSigns signs = CheckSpurious(flight, facts, digest);
        if (signs == LossSigns.None && State != RecoveryState.Open)
            signs = FollowRecovery(flight, facts, digest);
        CountDuplicates(facts);
        NewlyLost = FindLosses(flight, facts);
        if (InRecovery && flight.LostAgain)
            signs |= LossSigns.LostAgain;
        bool isFound = NewlyLost > 0 || DuplicateAcks >= DupThresh;
        if (!isFound || InRecovery || !MayEnter(facts))
            return signs;

        return signs | Enter(flight, facts);
    }

    /// <summary>The reordering timer (RFC 8985 §6.2): what was waited for did not come.</summary>
    public LossSigns OnReorderTimeout(Flight flight, in LossFacts facts)
    {
        NewlyLost = FindLosses(flight, facts);
        if (NewlyLost > 0 && !InRecovery)
            return Enter(flight, facts);

        return flight.LostAgain ? LossSigns.LostAgain : LossSigns.None;
    }

    /// <summary>
    /// RFC 6298 §5.4; RFC 6582 §3.2 (4): no fast retransmit until all that was sent before is acknowledged.
    /// </summary>
    public void OnRetransmitTimeout(Flight flight, in LossFacts facts, bool isRepeated)
    {
        // RFC 5682 §2.1, RFC 5682 §3.1: not when recovery was under way; a timeout meanwhile starts it anew.
        _isForward = options.ForwardRtoRecovery && (!InRecovery || _isForward);
        PrefersNewText = false;
        if (UsesRack(facts))
            flight.MarkLostOnTimeout(_rack.Rtt + ReorderWindow(flight, facts), facts.Now);
        else
            flight.MarkAllLost();
        if (!isRepeated || State != RecoveryState.Loss)
            BeginEpisode(facts);
        State = RecoveryState.Loss;
        RecoveryPoint = facts.Next;
        DuplicateAcks = 0;
        LeftNetwork = 0;
        ReorderDeadline = Instant.Never;
        MustRetransmitFirst = true;
    }

    /// <summary>ECN-Echo: a reduction for this window, without anything to send again (RFC 3168 §6.1.2).</summary>
    /// <returns>False if this window was reduced already.</returns>
    public bool OnEcnEcho(SeqNumber next)
    {
        if (State != RecoveryState.Open)
            return false;

        State = RecoveryState.CongestionReduced;
        RecoveryPoint = next;
        _spurious.End();
        return true;
    }

    /// <summary>The window is not reduced for this loss, so there is nothing to undo if the segment arrives.</summary>
    public void SkipReduction() => _spurious.End();

    private LossSigns Enter(Flight flight, in LossFacts facts)
    {
        bool wasReduced = State == RecoveryState.CongestionReduced;
        BeginEpisode(facts);
        State = RecoveryState.Recovery;
        RecoveryPoint = facts.Next;
        MustRetransmitFirst = true;
        if (flight.LostBytes == 0)
            flight.MarkFirstLost(facts.SegmentSize);
        return LossSigns.EnteredRecovery | (wasReduced ? LossSigns.AlreadyReduced : LossSigns.None);
    }

    private void BeginEpisode(in LossFacts facts)
    {
        if (options.UndoSpurious)
            _spurious.Begin(facts.Una);
    }

    private void Leave()
    {
        if (InRecovery)
            _rack.OnRecovered();
        _recover = RecoveryPoint;
        State = RecoveryState.Open;
        DuplicateAcks = 0;
        LeftNetwork = 0;
        MustRetransmitFirst = false;
        GiveUpForward();
    }

    // RFC 6582 §3.2 (2): what comes after a recovery may be the duplicates of retransmissions that were not needed.
    // With SACK they report nothing new, and do not count.
    private readonly bool MayEnter(in LossFacts facts) => facts.HasSack || facts.Una > _recover;

    // With SACK only (RFC 8985 §4), and then nothing is counted (RFC 8985 §9.2).
    private readonly bool UsesRack(in LossFacts facts) => options.Rack && facts.HasSack;

    private TimeSpan ReorderWindow(Flight flight, in LossFacts facts) => _rack.ReorderWindow(
        facts.MinRtt, facts.SmoothedRtt, InRecovery || flight.SackedBytes >= (uint)(DupThresh * facts.SegmentSize));

    private uint FindLosses(Flight flight, in LossFacts facts)
    {
        ReorderDeadline = Instant.Never;
        flight.LostAgain = false;
        if (!facts.HasSack)
            return 0;
        if (!options.Rack)
            return flight.MarkLost(DupThresh, facts.SegmentSize);

        uint lost = flight.MarkLostByTime(_rack, ReorderWindow(flight, facts), facts.Now, out TimeSpan wait);
        if (wait > TimeSpan.Zero)
            ReorderDeadline = facts.Now + wait;
        return lost;
    }

    private void CountDuplicates(in LossFacts facts)
    {
        if (facts.Acked > 0 || State == RecoveryState.Loss)
            return;
        if (facts.HasSack ? options.Rack || facts.Sacked == 0 : !facts.IsDuplicate)
            return;

        DuplicateAcks++;
        if (!facts.HasSack)
            LeftNetwork += (uint)facts.SegmentSize;
    }
}
