namespace UserTcp.Tool.Trace;

/// <summary>A direction in numbers.</summary>
/// <param name="Segments">All that were seen.</param>
/// <param name="Bytes">Octets of text that the capture shows, each counted once.</param>
/// <param name="Retransmissions">Segments with octets that the capture had shown before.</param>
/// <param name="OutOfOrder">Segments of new octets below others: reordered, or sent again after a loss before the place
/// of the capture.</param>
/// <param name="SegmentSize">As the SYN offered it; null if there was none.</param>
/// <param name="WindowScale">The same.</param>
/// <param name="MaxSegment">The longest text of a segment, in octets.</param>
/// <param name="MaxOutstanding">The most octets that were under way.</param>
/// <param name="RttMinMs">The shortest round trip from where it was captured, in milliseconds; null: none.</param>
/// <param name="RttMedianMs">The median.</param>
/// <param name="RttMaxMs">The longest.</param>
/// <param name="BitsPerSecond">Acknowledged octets over the time from the first text to the last acknowledgment of new
/// text; without acknowledgments, the octets shown over the time to the last text.</param>
internal sealed record TraceFlowSummary(
    long Segments, long Bytes, int Retransmissions, long OutOfOrder, int? SegmentSize, int? WindowScale, int MaxSegment,
    double MaxOutstanding, double? RttMinMs, double? RttMedianMs, double? RttMaxMs, double BitsPerSecond)
{
    public static TraceFlowSummary Of(TraceFlow flow)
    {
        double[] trips = [.. flow.RoundTrips.Select(point => point.Value).Order()];
        return new TraceFlowSummary(
            flow.Count, flow.Bytes, flow.Retransmissions.Count, flow.OutOfOrder,
            flow.SegmentSize, flow.WindowScale, flow.MaxSegment,
            flow.Outstanding.Count == 0 ? 0 : flow.Outstanding.Max(point => point.Value),
            trips.Length == 0 ? null : trips[0], trips.Length == 0 ? null : trips[trips.Length / 2],
            trips.Length == 0 ? null : trips[^1], flow.BitsPerSecond());
    }
}
