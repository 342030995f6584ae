using System.Runtime.InteropServices;
using UserTcp.Primitives;

namespace UserTcp.Tcp.Send;

/// <summary>
/// Losses by time (RFC 8985 §6): a segment is lost once one sent later was delivered, and longer has passed than a
/// round trip and the reordering that the path is known for.
/// </summary>
[StructLayout(LayoutKind.Auto)]
internal struct Rack
{
    /// <summary>Recoveries after which what D-SACKs taught is forgotten (RFC 8985 §6.2, step 4).</summary>
    private const int Persistence = 16;

    private SeqNumber _fack;
    private SeqNumber _dsackRoundEnd;
    private bool _inDsackRound;
    private int _multiplier;
    private int _persist;

    public Rack(SeqNumber initialSend)
    {
        _fack = initialSend;
        SentAt = Instant.Never;
        _multiplier = 1;
    }

    /// <summary>RACK.xmit_ts: when the last segment sent among the delivered was sent; never if none was.</summary>
    public Instant SentAt { readonly get; private set; }

    /// <summary>RACK.end_seq: its end.</summary>
    public SeqNumber End { readonly get; private set; }

    /// <summary>RACK.rtt: the time it took.</summary>
    public TimeSpan Rtt { readonly get; private set; }

    /// <summary>RACK.reordering_seen.</summary>
    public bool ReorderingSeen { readonly get; private set; }

    /// <summary>How far behind, in octets, something sent once was delivered: the reordering seen so far.</summary>
    public uint ReorderingExtent { readonly get; private set; }

    /// <summary>RACK_sent_after: by time, then by number, for what left at the same moment.</summary>
    public static bool IsSentAfter(Instant a, SeqNumber endOfA, Instant b, SeqNumber endOfB) =>
        a > b || (a == b && endOfA > endOfB);

    /// <summary>RFC 8985 §6.2, steps 2 and 3.</summary>
    public void OnDelivered(in AckDigest digest)
    {
        if (digest.HasOriginal)
            NoteOrder(digest);
        if (digest.RackSentAt.IsNever)
            return;

        Rtt = digest.Now - digest.RackSentAt;
        if (SentAt.IsNever || IsSentAfter(digest.RackSentAt, digest.RackEnd, SentAt, End))
        {
            SentAt = digest.RackSentAt;
            End = digest.RackEnd;
        }
    }

    /// <summary>
    /// A D-SACK: something was sent again in vain. The window grows, once in a round trip (RFC 8985 §6.2, step 4).
    /// </summary>
    public void OnDuplicateSack(SeqNumber una, SeqNumber next)
    {
        if (_inDsackRound && una < _dsackRoundEnd)
            return;

        _inDsackRound = true;
        _dsackRoundEnd = next;
        _multiplier++;
        _persist = Persistence;
    }

    /// <summary>
    /// What was sent again had only been late. It arrived after its retransmission left, so that no order of arrival
    /// tells: without this the path would be taken for one that keeps the order, for ever.
    /// </summary>
    public void OnSpuriousRecovery() => ReorderingSeen = true;

    /// <summary>A recovery ended.</summary>
    public void OnRecovered()
    {
        _persist--;
        if (_persist <= 0)
            _multiplier = 1;
    }

    /// <summary>RACK.reo_wnd (RFC 8985 §3.3.2; RFC 8985 §6.2, step 4).</summary>
    /// <param name="minRtt">The shortest round trip, zero if none is known.</param>
    /// <param name="smoothed">SRTT, the bound.</param>
    /// <param name="isUrgent">Whether recovery goes on, or DupThresh segments were reported.</param>
    public readonly TimeSpan ReorderWindow(TimeSpan minRtt, TimeSpan smoothed, bool isUrgent)
    {
        if (!ReorderingSeen && isUrgent)
            return TimeSpan.Zero;

        TimeSpan window = minRtt * _multiplier / 4;
        return window < smoothed ? window : smoothed;
    }

    /// <summary>How long a segment has still to be waited for; zero or less: it is lost.</summary>
    public readonly TimeSpan Remaining(in SentSegment segment, TimeSpan window, Instant now) =>
        segment.SentAt + Rtt + window - now;

    /// <summary>Whether a segment was sent before one that was delivered.</summary>
    public readonly bool IsOvertaken(in SentSegment segment) =>
        !SentAt.IsNever && IsSentAfter(SentAt, End, segment.SentAt, segment.End);

    private void NoteOrder(in AckDigest digest)
    {
        if (digest.LowestOriginalEnd < _fack)
        {
            ReorderingSeen = true;
            ReorderingExtent = Math.Max(ReorderingExtent, (uint)(_fack - digest.LowestOriginalEnd));
        }

        _fack = SeqNumber.Max(_fack, digest.OriginalEnd);
    }
}
