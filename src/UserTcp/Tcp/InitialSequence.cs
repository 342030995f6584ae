using UserTcp.Primitives;

namespace UserTcp.Tcp;

/// <summary>Initial sequence numbers and timestamp offsets that a stranger cannot guess.</summary>
internal static class InitialSequence
{
    // The M of RFC 9293 §3.4.1 (MUST-8): a 4 µs clock, so that a number is not used again within 4.55 hours.
    private const long TicksPerStep = 40;

    // The two functions must not be derivable from one another: the domain separates them.
    private const ulong TimestampDomain = 0x7473_5f6f_6666_7365;

    /// <summary>ISN = M + F(connection, secret) (RFC 6528 §3; RFC 9293 §3.4.1, MUST-8, MUST-9, SHLD-1).</summary>
    /// <param name="secretHash">F; its low 32 bits count.</param>
    /// <param name="now">The time, of which M is made.</param>
    public static SeqNumber For(ulong secretHash, Instant now) =>
        new(unchecked((uint)(now.Ticks / TicksPerStep) + (uint)secretHash));

    /// <summary>
    /// Where a pair of hosts begins its timestamps (RFC 7323 §5.4, RFC 7323 §7.1): random to others. Deviation: the
    /// same for all connections between the two, so that a new incarnation is seen to be newer (RFC 6191).
    /// </summary>
    public static uint TimestampOffset(in SipHash key, in FlowKey flow)
    {
        var hosts = new FlowKey(flow.Local, 0, flow.Remote, 0);
        return (uint)key.Hash(key.Hash(hosts), TimestampDomain);
    }
}
