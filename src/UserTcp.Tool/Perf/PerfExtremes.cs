namespace UserTcp.Tool.Perf;

/// <summary>What the intervals of a stream showed at most and at least, as iperf3 tells it at the end.</summary>
/// <param name="Intervals">How many there were.</param>
/// <param name="MaxCongestionWindow">In octets.</param>
/// <param name="MaxPeerWindow">In octets.</param>
/// <param name="MinRtt">Of the smoothed round-trip times at the ends of the intervals, in microseconds.</param>
/// <param name="MaxRtt">The same.</param>
/// <param name="TotalRtt">Their sum.</param>
internal readonly record struct PerfExtremes(
    int Intervals, long MaxCongestionWindow, long MaxPeerWindow, long MinRtt, long MaxRtt, long TotalRtt)
{
    public long MeanRtt => Intervals == 0 ? 0 : TotalRtt / Intervals;

    public static long Microseconds(TimeSpan time) => (long)time.TotalMicroseconds;

    /// <summary>The same with one interval more.</summary>
    public PerfExtremes With(UserTcpConnectionInfo info)
    {
        long rtt = Microseconds(info.SmoothedRtt);
        return new PerfExtremes(
            Intervals + 1, Math.Max(MaxCongestionWindow, info.CongestionWindow),
            Math.Max(MaxPeerWindow, info.PeerWindow), Intervals == 0 ? rtt : Math.Min(MinRtt, rtt),
            Math.Max(MaxRtt, rtt), TotalRtt + rtt);
    }
}
