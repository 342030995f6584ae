using UserTcp.Primitives;

namespace UserTcp.Tcp.Receive;

/// <summary>The receiver's half of RFC 7323 §3 to §5: TS.Recent, what is echoed, and PAWS.</summary>
internal struct Timestamps
{
    // RFC 7323 §5.5: a timestamp clock of 1 ms wraps its sign in 24.8 days.
    private static readonly TimeSpan s_outdated = TimeSpan.FromDays(24);

    private Instant _recentAt;

    /// <summary>Whether both SYNs carried the option.</summary>
    public bool IsNegotiated { get; private set; }

    /// <summary>TS.Recent, the value to echo.</summary>
    public uint Recent { get; private set; }

    public void Negotiate(uint tsVal, Instant now)
    {
        IsNegotiated = true;
        Recent = tsVal;
        _recentAt = now;
    }

    /// <summary>PAWS (RFC 7323 §5.3, R1), with the exception for connections that were idle too long (§5.5).</summary>
    public readonly bool IsStale(uint tsVal, Instant now) =>
        IsNegotiated && unchecked((int)(tsVal - Recent)) < 0 && now - _recentAt < s_outdated;

    /// <summary>RFC 7323 §4.3 (2): take the value of a segment that covers the last octet acknowledged.</summary>
    public void Update(uint tsVal, SeqNumber seq, SeqNumber lastAckSent, Instant now)
    {
        bool isOutdated = now - _recentAt >= s_outdated;
        if (!IsNegotiated || seq > lastAckSent || (unchecked((int)(tsVal - Recent)) < 0 && !isOutdated))
            return;

        Recent = tsVal;
        _recentAt = now;
    }
}
