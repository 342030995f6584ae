namespace UserTcp.Tool.Perf;

/// <summary>When a stream with a limited rate may write, as iperf3 has it: by the average since its start.</summary>
/// <param name="BitsPerSecond">0 for no limit.</param>
/// <param name="Burst">Blocks that are written one after the other once there may be one; 0 for one.</param>
internal readonly record struct PerfPace(long BitsPerSecond, int Burst)
{
    /// <summary>How long the next block has to wait, in whole milliseconds: timers know no others.</summary>
    /// <param name="blocks">So many were written.</param>
    /// <param name="blockBytes">The bytes of each.</param>
    /// <param name="elapsed">Since the first one.</param>
    public TimeSpan WaitFor(long blocks, int blockBytes, TimeSpan elapsed)
    {
        if (BitsPerSecond == 0 || (Burst > 1 && blocks % Burst != 0))
            return TimeSpan.Zero;

        // In double: the bits of a long test do not fit a long in ticks.
        TimeSpan due = TimeSpan.FromSeconds(blocks * 8.0 * blockBytes / BitsPerSecond);
        return due > elapsed
            ? TimeSpan.FromMilliseconds(Math.Ceiling((due - elapsed).TotalMilliseconds)) : TimeSpan.Zero;
    }
}
