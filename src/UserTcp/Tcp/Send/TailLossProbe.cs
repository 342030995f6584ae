using UserTcp.Primitives;

namespace UserTcp.Tcp.Send;

/// <summary>
/// The probe of a flight's end (TLP, RFC 8985 §7): what nothing was sent behind cannot be overtaken, and would be found
/// to be lost by the timeout only.
/// </summary>
internal struct TailLossProbe
{
    /// <summary>WCDelAckT: how long a receiver may hold back the ACK of a single segment (RFC 8985 §7.2).</summary>
    private static readonly TimeSpan s_maxAckDelay = TimeSpan.FromMilliseconds(200);

    private SeqNumber _end;
    private bool _isRetransmission;
    private bool _hasSample;

    public TailLossProbe() => _hasSample = true;

    /// <summary>Whether a probe waits for its answer (TLP.end_seq is not None).</summary>
    public bool IsOutstanding { get; private set; }

    /// <summary>How long to wait for an ACK before probing (RFC 8985 §7.2).</summary>
    public static TimeSpan Timeout(in RttEstimator rtt, bool isSingleSegment)
    {
        if (!rtt.HasSample)
            return TimeSpan.FromSeconds(1);

        return rtt.Smoothed * 2 + (isSingleSegment ? s_maxAckDelay : TimeSpan.Zero);
    }

    /// <summary>Whether the expired timer may send a probe (RFC 8985 §7.3).</summary>
    public readonly bool MayProbe => !IsOutstanding && _hasSample;

    public void OnRttSample() => _hasSample = true;

    public void OnSent(SeqNumber next, bool isRetransmission)
    {
        IsOutstanding = true;
        _end = next;
        _isRetransmission = isRetransmission;
        _hasSample = false;
    }

    public void Forget() => IsOutstanding = false;

    /// <summary>
    /// TLP_process_ack (RFC 8985 §7.4.2). True if the probe repaired a loss that nothing else would tell of.
    /// </summary>
    public bool OnAck(SeqNumber ack, bool isDuplicateWithoutSack, bool reportsDuplicateOfProbe)
    {
        if (!IsOutstanding || ack < _end)
            return false;

        if (!_isRetransmission || reportsDuplicateOfProbe)
        {
            IsOutstanding = false;
            return false;
        }

        if (ack > _end)
        {
            IsOutstanding = false;
            return true;
        }

        IsOutstanding = !isDuplicateWithoutSack;
        return false;
    }

    /// <summary>Whether a reported duplicate ends where the probe did.</summary>
    public readonly bool IsOfProbe(SeqNumber right) => IsOutstanding && right == _end;
}
