namespace UserTcp.Tool.Trace;

/// <summary>A direction in numbers.</summary>
/// <param name="Segments">All that were seen.</param>
/// <param name="Bytes">New octets of text.</param>
/// <param name="Retransmissions">Segments with octets that had been seen before.</param>
/// <param name="SegmentSize">As the SYN offered it; null if there was none.</param>
/// <param name="WindowScale">The same.</param>
/// <param name="MaxSegment">The longest text of a segment, in octets.</param>
/// <param name="MaxOutstanding">The most octets that were under way.</param>
/// <param name="RttMinMs">The shortest round trip from where it was captured, in milliseconds; null: none.</param>
/// <param name="RttMedianMs">The median.</param>
/// <param name="RttMaxMs">The longest.</param>
/// <param name="BitsPerSecond">Acknowledged octets over the time from the first to the last segment of text.</param>
internal sealed record TraceFlowSummary(
    long Segments, long Bytes, int Retransmissions, int? SegmentSize, int? WindowScale, int MaxSegment,
    double MaxOutstanding, double? RttMinMs, double? RttMedianMs, double? RttMaxMs, double BitsPerSecond)
{
    public static TraceFlowSummary Of(TraceFlow flow)
    {
        double[] trips = [.. flow.RoundTrips.Select(point => point.Value).Order()];
        return new TraceFlowSummary(
            flow.Count, flow.Bytes, flow.Retransmissions.Count, flow.SegmentSize, flow.WindowScale, flow.MaxSegment,
            flow.Outstanding.Count == 0 ? 0 : flow.Outstanding.Max(point => point.Value),
            trips.Length == 0 ? null : trips[0], trips.Length == 0 ? null : trips[trips.Length / 2],
            trips.Length == 0 ? null : trips[^1], Rate(flow));
    }

    private static double Rate(TraceFlow flow)
    {
        if (flow.Segments.Count == 0 || flow.Acks.Count == 0)
            return 0;

        double seconds = flow.Acks.Max(ack => ack.Seconds) - flow.Segments[0].Seconds;
        return seconds > 0 ? flow.Bytes * 8 / seconds : 0;
    }
}
