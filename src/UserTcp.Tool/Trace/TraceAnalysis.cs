using System.Net;

namespace UserTcp.Tool.Trace;

/// <summary>What a capture shows of TCP.</summary>
internal sealed class TraceAnalysis
{
    private readonly Dictionary<(IPEndPoint, IPEndPoint), TraceConnection> _open = [];
    private readonly List<TraceConnection> _connections = [];
    private long? _begin;

    /// <summary>In the order in which they were seen.</summary>
    public IReadOnlyList<TraceConnection> Connections => _connections;

    public long Frames { get; private set; }

    public long Segments { get; private set; }

    public double Seconds { get; private set; }

    /// <summary>When the first frame was captured.</summary>
    public DateTimeOffset Begin => DateTimeOffset.UnixEpoch.AddTicks((_begin ?? 0) / 100);

    public static TraceAnalysis Of(IEnumerable<CapturedFrame> frames)
    {
        var analysis = new TraceAnalysis();
        foreach (CapturedFrame frame in frames)
        {
            analysis.Add(frame);
        }

        return analysis;
    }

    private void Add(CapturedFrame frame)
    {
        Frames++;
        _begin ??= frame.Nanoseconds;
        double seconds = (frame.Nanoseconds - _begin.Value) / 1e9;
        Seconds = Math.Max(Seconds, seconds);
        if (TraceSegment.Parse(frame) is not { } segment)
            return;

        Segments++;
        Find(segment, seconds).Add(segment, seconds);
    }

    private TraceConnection Find(TraceSegment segment, double seconds)
    {
        (IPEndPoint, IPEndPoint) key = (segment.Source, segment.Destination);
        (IPEndPoint, IPEndPoint) back = (segment.Destination, segment.Source);
        TraceConnection? found = _open.GetValueOrDefault(key) ?? _open.GetValueOrDefault(back);
        if (found is not null && !(found.IsOver && segment.IsSyn && !segment.HasAcknowledgment))
            return found;

        // A capture that begins in the middle may show the answer first.
        bool isAnswer = segment.IsSyn && segment.HasAcknowledgment;
        var connection = isAnswer
            ? new TraceConnection(segment.Destination, segment.Source, seconds)
            : new TraceConnection(segment.Source, segment.Destination, seconds);
        _open.Remove(back);
        _open[key] = connection;
        _connections.Add(connection);
        return connection;
    }
}
