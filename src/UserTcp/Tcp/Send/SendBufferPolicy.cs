namespace UserTcp.Tcp.Send;

/// <summary>The facts that decide how many bytes may be unacknowledged before a flush waits.</summary>
/// <param name="First">The first value, and the least.</param>
/// <param name="Limit">The most that it may become.</param>
/// <param name="CongestionWindow">cwnd; 0 before there is one.</param>
/// <param name="SegmentSize">Eff.snd.MSS.</param>
/// <param name="IsUnderPressure">Whether the memory of the whole stack is nearly used up.</param>
internal readonly record struct SendBufferFacts(
    long First, long Limit, long CongestionWindow, int SegmentSize, bool IsUnderPressure = false);

/// <summary>
/// How much an application may have written that is not acknowledged: grows with cwnd, so that writing is never what
/// holds cwnd back.
/// </summary>
internal static class SendBufferPolicy
{
    /// <summary>
    /// The text that a writer may always have outstanding, in segments: little memory, and enough to make progress.
    /// </summary>
    public const int SegmentsUnderPressure = 4;

    private const int Windows = 4;

    /// <summary>
    /// Four windows: a writer that waited resumes at half, and then one is in flight and one more lies ready, which is
    /// what a sender in slow start wants for the round to come.
    /// </summary>
    public static int Next(in SendBufferFacts facts)
    {
        long size = Math.Clamp(Math.Min(facts.CongestionWindow, int.MaxValue) * Windows, facts.First, facts.Limit);
        if (facts.IsUnderPressure)
            size = Math.Min(size, (long)SegmentsUnderPressure * facts.SegmentSize);
        return (int)Math.Max(1, size);
    }
}
