using UserTcp.Primitives;

namespace UserTcp.Tcp.Send;

/// <content>What ACKs mean while recovery goes on: progress, its end, or that it was for nothing.</content>
internal partial struct LossDetection
{
    private LossSigns CheckSpurious(Flight flight, in LossFacts facts, in AckDigest digest)
    {
        // RFC 4015 §3.4: the network is congested whatever was lost.
        bool mayUndo = _spurious.IsActive && !facts.HasEcnEcho;
        bool isEchoed = mayUndo && InRecovery
            && _spurious.IsEchoOfOriginal(digest.EchoedAt, digest.RetransmittedAt);
        bool isReported = facts.IsDuplicateSack
            && _spurious.OnDuplicate(facts.DuplicateLeft, facts.DuplicateRight, RecoveryPoint) && mayUndo;
        bool isForwarded = mayUndo && _isForward && State == RecoveryState.Loss && DeliversOriginal(facts, digest);
        bool isLate = mayUndo && InRecovery && _spurious.IsLate(digest);
        bool isNone = isEchoed || isReported || isForwarded || isLate;
        return isNone && flight.TryPayForRevision() ? Undo(flight) : LossSigns.None;
    }

    // RFC 5682 §2.1, step 3b: the ACK covers what was not sent again. Without SACK that is sure only if it covers
    // nothing else.
    private readonly bool DeliversOriginal(in LossFacts facts, in AckDigest digest) =>
        digest.HasOriginal && digest.LowestOriginalEnd <= RecoveryPoint
        && (facts.HasSack || !digest.HasAckedRetransmission);

    // The detection of RFC 3522 §3.2 or RFC 5682 §2.1, as RFC 4015 §2 asks, or that of RFC 3708 §3.
    private LossSigns Undo(Flight flight)
    {
        LossSigns signs = LossSigns.Undone;
        SeqNumber recover = _recover;
        bool mayMeetDuplicates = _spurious.HasSentAgain;
        _spurious.End();
        if (State != RecoveryState.Loss)
            _rack.OnSpuriousRecovery();
        if (!InRecovery)
            return signs;

        flight.UnmarkLost();
        Leave();
        if (!mayMeetDuplicates)
            _recover = recover;
        return signs | LossSigns.Recovered;
    }

    private LossSigns FollowRecovery(Flight flight, in LossFacts facts, in AckDigest digest)
    {
        if (facts.Una >= RecoveryPoint)
        {
            Leave();
            return LossSigns.Recovered;
        }

        if (State == RecoveryState.Loss && _isForward)
            FollowForward(facts, digest);
        else if (facts.Acked > 0)
            OnPartialAck(flight, facts);
        return LossSigns.None;
    }

    // RFC 5682 §2.1, steps 2 and 3.
    private void FollowForward(in LossFacts facts, in AckDigest digest)
    {
        bool hasSentNewText = facts.Next > RecoveryPoint;
        bool showsLoss = facts.IsDuplicate || (hasSentNewText && digest.SackedBytes > 0);
        if (showsLoss)
            GiveUpForward();
        else if (!hasSentNewText && facts.Acked > 0)
            PrefersNewText = true;
    }

    // RFC 6582 §3.2 (3): without SACK a partial ACK says that the segment after it is lost as well.
    private void OnPartialAck(Flight flight, in LossFacts facts)
    {
        if (State != RecoveryState.Recovery || facts.HasSack)
            return;

        uint beyondOne = facts.Acked > facts.SegmentSize ? facts.Acked - (uint)facts.SegmentSize : 0;
        LeftNetwork = LeftNetwork > beyondOne ? LeftNetwork - beyondOne : 0;
        flight.MarkFirstLost(facts.SegmentSize);
        MustRetransmitFirst = true;
    }
}
