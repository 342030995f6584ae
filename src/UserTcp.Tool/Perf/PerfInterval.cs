namespace UserTcp.Tool.Perf;

/// <summary>What one stream did in an interval.</summary>
internal sealed record PerfStreamInterval(int Id, long Bytes, long Retransmits, UserTcpConnectionInfo Info);

/// <summary>What all streams did in an interval.</summary>
/// <param name="Start">In seconds since what counts began.</param>
/// <param name="End">The same.</param>
/// <param name="IsOmitted">Whether it does not count.</param>
/// <param name="Streams">One for each stream.</param>
internal sealed record PerfInterval(
    double Start, double End, bool IsOmitted, IReadOnlyList<PerfStreamInterval> Streams)
{
    public double Seconds => End - Start;

    public long Bytes => Streams.Sum(stream => stream.Bytes);

    public long Retransmits => Streams.Sum(stream => stream.Retransmits);

    public double BitsPerSecond => RateOf(Bytes);

    public double RateOf(long bytes) => Seconds > 0 ? bytes * 8 / Seconds : 0;
}
