namespace UserTcp.Tcp.Receive;

/// <summary>The facts that decide the size of the receive buffer, in bytes.</summary>
/// <param name="Capacity">The size now.</param>
/// <param name="Limit">The most that it may become.</param>
/// <param name="Delivered">The bytes that the application has read in this round trip so far.</param>
/// <param name="LastRound">The bytes that it read in the round trip before.</param>
/// <param name="SegmentSize">The size of the peer's full segments.</param>
/// <param name="IsUnderPressure">Whether the memory of the whole stack is nearly used up.</param>
internal readonly record struct ReceiveBufferFacts(
    long Capacity, long Limit, long Delivered, long LastRound, int SegmentSize, bool IsUnderPressure = false);

/// <summary>
/// Dynamic right-sizing of the receive buffer: twice what the application takes in a round trip, so that the window is
/// never what holds the peer back.
/// </summary>
internal static class ReceiveBufferPolicy
{
    /// <summary>Room for what is on its way to a small flow, in segments.</summary>
    public const int SpareSegments = 16;

    /// <summary>
    /// The size from now on: never less than before, since it was promised. A peer in slow start doubles its window
    /// while the answer to this one is on its way, so what grew against the round before counts twice again: a flow
    /// that doubled gets four times what it delivered.
    /// </summary>
    public static long Next(in ReceiveBufferFacts facts)
    {
        if (facts.IsUnderPressure || facts.Delivered <= 0)
            return facts.Capacity;

        long growth = Math.Clamp(2 * (facts.Delivered - facts.LastRound), 0, facts.Delivered);
        long wanted = 2 * (facts.Delivered + growth) + (long)SpareSegments * facts.SegmentSize;
        return Math.Max(facts.Capacity, Math.Min(wanted, facts.Limit));
    }
}
