namespace UserTcp.Tool.Perf;

/// <summary>What one stream did in an interval.</summary>
/// <param name="Id">The same at both sides.</param>
/// <param name="IsSender">Whether this side sends in it.</param>
/// <param name="Bytes">Sent or received.</param>
/// <param name="Retransmits">Segments sent again.</param>
/// <param name="Info">What the connection knew of itself.</param>
internal sealed record PerfStreamInterval(
    int Id, bool IsSender, long Bytes, long Retransmits, UserTcpConnectionInfo Info);

/// <summary>What all streams did in an interval.</summary>
/// <param name="Start">In seconds since what counts began.</param>
/// <param name="End">The same.</param>
/// <param name="IsOmitted">Whether it does not count.</param>
/// <param name="Streams">One for each stream.</param>
internal sealed record PerfInterval(
    double Start, double End, bool IsOmitted, IReadOnlyList<PerfStreamInterval> Streams)
{
    /// <summary>The same for each direction by itself, the client's first.</summary>
    public IEnumerable<PerfInterval> Directions =>
        Streams.GroupBy(stream => stream.IsSender).Select(group => this with { Streams = [.. group] });

    /// <summary>Whether this side sends in the first of the streams.</summary>
    public bool IsSender => Streams[0].IsSender;

    public double Seconds => End - Start;

    public long Bytes => Streams.Sum(stream => stream.Bytes);

    public long Retransmits => Streams.Sum(stream => stream.Retransmits);

    public double BitsPerSecond => RateOf(Bytes);

    public double RateOf(long bytes) => Seconds > 0 ? bytes * 8 / Seconds : 0;
}
