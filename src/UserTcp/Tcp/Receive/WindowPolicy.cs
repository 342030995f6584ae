using UserTcp.Primitives;

namespace UserTcp.Tcp.Receive;

/// <summary>The facts that decide the window of the next segment.</summary>
/// <param name="Capacity">RCV.BUFF in bytes.</param>
/// <param name="Unexamined">Octets in order that the reader has not examined.</param>
/// <param name="Unused">The offered window that the peer has not used: right edge − RCV.NXT.</param>
/// <param name="Mss">The peer's segment size in bytes.</param>
/// <param name="Scale">The shift of the field.</param>
/// <param name="IsUnderPressure">Whether the memory of the whole stack is nearly used up.</param>
internal readonly record struct WindowFacts(
    long Capacity, long Unexamined, uint Unused, int Mss, WindowScale Scale, bool IsUnderPressure = false);

/// <summary>
/// SWS avoidance of the receiver (RFC 9293 §3.8.6.2.2, MUST-39), in the units in which the peer hears it.
/// </summary>
internal static class WindowPolicy
{
    /// <summary>
    /// The window that a connection may always offer, in segments: little memory, and enough to make progress.
    /// </summary>
    public const int SegmentsUnderPressure = 4;

    /// <summary>The field to send. The right edge stays, or moves by min(RCV.BUFF / 2, MSS) at least.</summary>
    public static WireWindow Next(in WindowFacts facts)
    {
        long free = Free(facts);
        uint step = (uint)Math.Min(facts.Capacity / 2, facts.Mss);
        WireWindow kept = Keep(facts);
        if (free < (long)facts.Unused + step)
            return kept;

        WireWindow opened = new WindowSize((uint)free) >> facts.Scale;
        return opened.Value > kept.Value ? opened : kept; // a coarse unit may be more than the step
    }

    /// <summary>
    /// Whether the peer should hear of the window without being asked: it opened by a quarter of the buffer, or by two
    /// segments where less than one was left.
    /// </summary>
    public static bool ShouldUpdate(in WindowFacts facts) =>
        UntilUpdate(facts) <= 0 && Next(facts).Value > Keep(facts).Value;

    /// <summary>
    /// How many octets more the reader has to examine before <see cref="ShouldUpdate"/> can be true. Where the unit of
    /// the field is coarse, it may take more of them.
    /// </summary>
    public static long UntilUpdate(in WindowFacts facts)
    {
        long opened = Free(facts) - facts.Unused;
        bool wasShut = facts.Unused < facts.Mss;
        long enough = wasShut ? Math.Min(facts.Capacity / 4, 2L * facts.Mss) : facts.Capacity / 4;
        return Math.Max(1, enough) - opened;
    }

    // RFC 7323 §2.4: the promise is not a multiple of the unit any more once octets arrived. Rounding it down would
    // take back up to 2^shift − 1 octets (RFC 9293 §3.8.6, SHLD-14); rounding up at every ACK would promise a little
    // more each time, without end for a peer that sends single octets. So: up, until an eighth of the buffer is
    // overdrawn.
    private static WireWindow Keep(in WindowFacts facts)
    {
        uint unit = 1u << facts.Scale.Shift;
        long overdrawn = facts.Unexamined + facts.Unused - facts.Capacity;
        uint promise = overdrawn <= facts.Capacity / 8 ? facts.Unused + (unit - 1) : facts.Unused;
        return new WindowSize(promise) >> facts.Scale;
    }

    // Negative if the promise was rounded up and used. Promises are kept under pressure, too, and none is added but for
    // a few segments.
    private static long Free(in WindowFacts facts)
    {
        long free = facts.Capacity - facts.Unexamined;
        return facts.IsUnderPressure
            ? Math.Min(free, Math.Max(facts.Unused, (long)SegmentsUnderPressure * facts.Mss))
            : free;
    }
}
