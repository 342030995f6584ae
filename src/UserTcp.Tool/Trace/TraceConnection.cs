using System.Net;

namespace UserTcp.Tool.Trace;

/// <summary>A connection of a capture: two directions, the first one that of who was seen first.</summary>
internal sealed class TraceConnection(IPEndPoint client, IPEndPoint server, double start)
{
    public IPEndPoint Client { get; } = client;

    public IPEndPoint Server { get; } = server;

    public TraceFlow Upwards { get; } = new();

    public TraceFlow Downwards { get; } = new();

    /// <summary>In seconds since the capture began.</summary>
    public double Start { get; } = start;

    public double End { get; private set; } = start;

    public bool WasReset { get; private set; }

    public long Bytes => Upwards.Bytes + Downwards.Bytes;

    public long Retransmissions => Upwards.Retransmissions.Count + Downwards.Retransmissions.Count;

    /// <summary>
    /// Whether a segment of these endpoints begins another connection: it is a SYN, and no repetition or answer of one
    /// of this connection. The end of this one need not be in the capture: another sequence number is enough.
    /// </summary>
    public bool IsFollowedBy(TraceSegment segment)
    {
        if (!segment.IsSyn)
            return false;

        (TraceFlow own, TraceFlow other) = FlowsOf(segment);
        if (own.InitialSequence == segment.Sequence)
            return false;

        // An answer to the same SYN may have another number each time, as SYN cookies do. A SYN that meets another one
        // is a simultaneous open.
        return segment.HasAcknowledgment
            ? other.InitialSequence != segment.Acknowledgment - 1
            : own.Count > 0 || !other.IsAttempt || WasReset;
    }

    public void Add(TraceSegment segment, double seconds)
    {
        End = Math.Max(End, seconds); // captures may go back in time
        WasReset |= segment.IsReset;
        (TraceFlow own, TraceFlow other) = FlowsOf(segment);
        own.Sent(segment, seconds);
        other.Answered(segment, ScaleOf(segment, own, other), seconds);
    }

    // Windows are scaled if both sides offered it, and never in a SYN.
    private static int ScaleOf(TraceSegment segment, TraceFlow own, TraceFlow other) =>
        segment.IsSyn || other.WindowScale is null ? 0 : own.WindowScale ?? 0;

    private (TraceFlow Own, TraceFlow Other) FlowsOf(TraceSegment segment) =>
        segment.Source.Equals(Client) ? (Upwards, Downwards) : (Downwards, Upwards);
}
