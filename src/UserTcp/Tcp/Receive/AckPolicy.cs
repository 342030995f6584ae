namespace UserTcp.Tcp.Receive;

/// <summary>The facts of an arrival of in-order text.</summary>
/// <param name="UnacknowledgedBytes">Octets received in order since the last ACK was sent.</param>
/// <param name="FullSegment">The size of the peer's full segments, as far as it is known (RMSS).</param>
/// <param name="QuickAcks">How many segments are still acknowledged at once.</param>
/// <param name="FilledHole">Whether out-of-order text was or is waiting behind it.</param>
internal readonly record struct TextFacts(uint UnacknowledgedBytes, int FullSegment, int QuickAcks, bool FilledHole);

/// <summary>When in-order text is acknowledged: now, or by the delayed ACK timer.</summary>
internal static class AckPolicy
{
    /// <summary>Duplicate ACKs that one turn may owe; more say nothing new.</summary>
    public const int MaxDuplicateAcks = 64;

    /// <summary>
    /// RFC 9293 §3.8.6.3 (SHLD-18, SHLD-19): an ACK for at least every second full-sized segment; RFC 5681 §4.2: at
    /// once when a gap is filled, wholly or in part.
    /// </summary>
    public static bool AcknowledgeNow(in TextFacts facts) =>
        facts.FilledHole || facts.QuickAcks > 0 || facts.UnacknowledgedBytes >= 2L * facts.FullSegment;
}
