using System.Runtime.InteropServices;
using UserTcp.Primitives;

namespace UserTcp.Tcp.Receive;

/// <summary>The receiver's half of RFC 7323 §3 to §5: TS.Recent, what is echoed, and PAWS.</summary>
[StructLayout(LayoutKind.Auto)]
internal struct Timestamps
{
    // RFC 7323 §5.5: a timestamp clock of 1 ms wraps its sign in 24.8 days.
    private static readonly TimeSpan s_outdated = TimeSpan.FromDays(24);

    // What retransmissions overtake may be so late; below 170 Gbit/s no sequence number comes round again meanwhile.
    private static readonly TimeSpan s_lateness = TimeSpan.FromMilliseconds(100);

    private Instant _recentAt;
    private uint _before;
    private Instant _beforeUntil;
    private uint _longBefore;

    /// <summary>Whether both SYNs carried the option.</summary>
    public bool IsNegotiated { get; private set; }

    /// <summary>TS.Recent, the value to echo.</summary>
    public uint Recent { get; private set; }

    public void Negotiate(uint tsVal, Instant now)
    {
        IsNegotiated = true;
        Recent = _before = _longBefore = tsVal;
        _recentAt = _beforeUntil = now;
    }

    /// <summary>
    /// PAWS (RFC 7323 §5.3, R1), with the exception for connections that were idle too long (§5.5). Deviation: by the
    /// letter a retransmission that arrives makes all older segments that are still on their way unacceptable, and on a
    /// path that reorders each recovery brings about the next. Values count as stale that were so a tenth of a second
    /// ago.
    /// </summary>
    public readonly bool IsStale(uint tsVal, Instant now) =>
        IsNegotiated && unchecked((int)(tsVal - Floor(now))) < 0 && now - _recentAt < s_outdated;

    /// <summary>RFC 7323 §4.3 (2): take the value of a segment that covers the last octet acknowledged.</summary>
    public void Update(uint tsVal, SeqNumber seq, SeqNumber lastAckSent, Instant now)
    {
        bool isOutdated = now - _recentAt >= s_outdated;
        if (!IsNegotiated || seq > lastAckSent || (unchecked((int)(tsVal - Recent)) < 0 && !isOutdated))
            return;

        if (now - _beforeUntil >= s_lateness)
        {
            _longBefore = now - _recentAt >= s_lateness ? Recent : _before;
            _before = Recent;
            _beforeUntil = now;
        }

        Recent = tsVal;
        _recentAt = now;
    }

    // TS.Recent as it was, between one and two times the lateness ago.
    private readonly uint Floor(Instant now)
    {
        if (now - _recentAt >= s_lateness)
            return Recent;

        return now - _beforeUntil >= s_lateness ? _before : _longBefore;
    }
}
