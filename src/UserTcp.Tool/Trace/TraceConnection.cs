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

    /// <summary>Whether both directions were ended, or a reset ended both: a new SYN is another connection.</summary>
    public bool IsOver => WasReset || (HasFin(Upwards) && HasFin(Downwards));

    public void Add(TraceSegment segment, double seconds)
    {
        End = Math.Max(End, seconds); // captures may go back in time
        WasReset |= segment.IsReset;
        bool isUpwards = segment.Source.Equals(Client);
        (TraceFlow own, TraceFlow other) = isUpwards ? (Upwards, Downwards) : (Downwards, Upwards);
        own.Sent(segment, seconds);
        other.Answered(segment, ScaleOf(segment, own, other), seconds);
    }

    // Windows are scaled if both sides offered it, and never in a SYN.
    private static int ScaleOf(TraceSegment segment, TraceFlow own, TraceFlow other) =>
        segment.IsSyn || other.WindowScale is null ? 0 : own.WindowScale ?? 0;

    private static bool HasFin(TraceFlow flow) => flow.Marks.Exists(mark => mark.Text == "FIN");
}
