namespace UserTcp.Tcp.Congestion;

/// <summary>The bounds of every controller's window.</summary>
internal static class WindowBounds
{
    /// <summary>The largest scaled window (RFC 7323 §2.3): more would never be used.</summary>
    public const long MaxBytes = 1 << 30;

    /// <summary>The least threshold: two segments (RFC 5681 §3.1, equation 4; RFC 9438 §4.6).</summary>
    public static long MinThreshold(int segmentSize) => 2L * segmentSize;

    /// <summary>
    /// While the network goes on marking, the window shrinks to a segment (RFC 9438 §4.6), and then the sender waits
    /// for its timer (RFC 3168 §6.1.2).
    /// </summary>
    public static long AfterMarks(long reduced, int segmentSize) => Math.Max(reduced, segmentSize);
}
