using System.Runtime.InteropServices;
using UserTcp.Primitives;

namespace UserTcp.Tcp.Send;

/// <summary>
/// Whether a recovery, or a timeout, was for nothing: the peer echoes the time of a first transmission (RFC 3522), or
/// reports every retransmission as a duplicate (RFC 3708 §3), or nothing was sent again before the lost arrived.
/// </summary>
[StructLayout(LayoutKind.Auto)]
internal struct SpuriousDetection
{
    private SeqNumber _start;
    private Instant _firstSentAgainAt;
    private long _unexplained;
    private bool _sentAgain;

    /// <summary>Whether there is a reduction that could still be undone.</summary>
    public bool IsActive { get; private set; }

    /// <summary>A recovery begins, and with it what is sent again counts (RFC 3522 §3.2, step 1).</summary>
    public void Begin(SeqNumber una)
    {
        this = default;
        IsActive = true;
        _start = una;
    }

    /// <summary>Whether anything was sent again since the recovery began.</summary>
    public readonly bool HasSentAgain => _sentAgain;

    public void End() => IsActive = false;

    /// <summary>
    /// Something that was taken to be lost has arrived, and nothing was sent again: it was only late.
    /// </summary>
    public readonly bool IsLate(in AckDigest digest) => IsActive && !_sentAgain && digest.HasLate;

    public void OnRetransmitted(int octets, Instant now)
    {
        if (!IsActive)
            return;

        if (!_sentAgain)
            _firstSentAgainAt = now;
        _sentAgain = true;
        _unexplained += octets;
    }

    /// <summary>
    /// A duplicate was reported. True if with it everything that was sent again has arrived twice.
    /// </summary>
    public bool OnDuplicate(SeqNumber left, SeqNumber right, SeqNumber recoveryPoint)
    {
        if (!IsActive || !_sentAgain || left < _start || right > recoveryPoint)
            return false;

        _unexplained -= right - left;
        return _unexplained <= 0;
    }

    /// <summary>
    /// The ACK that covers what was sent again in this recovery echoes an earlier time than that of the first
    /// retransmission (RFC 3522 §3.2, steps 2 and 4): a later one may have been for nothing although the first was not.
    /// One that covers what an earlier recovery sent again says nothing about this one.
    /// </summary>
    public readonly bool IsEchoOfOriginal(Instant echoedAt, Instant retransmittedAt)
    {
        bool isOurs = IsActive && _sentAgain && !retransmittedAt.IsNever && retransmittedAt >= _firstSentAgainAt;
        return isOurs && !echoedAt.IsNever && echoedAt < _firstSentAgainAt.FloorToMillisecond();
    }
}
