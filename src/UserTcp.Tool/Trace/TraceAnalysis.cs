using System.Net;

namespace UserTcp.Tool.Trace;

/// <summary>What a capture shows of TCP.</summary>
internal sealed class TraceAnalysis
{
    private readonly Dictionary<(IPEndPoint, IPEndPoint), TraceConnection> _open = [];
    private readonly List<TraceConnection> _connections = [];
    private readonly Dictionary<Obstacle, long> _obstacles = [];
    private long? _begin;
    private double _now;

    /// <summary>In the order in which they were seen.</summary>
    public IReadOnlyList<TraceConnection> Connections => _connections;

    public long Frames { get; private set; }

    public long Segments { get; private set; }

    public double Seconds { get; private set; }

    /// <summary>When the first frame was captured; null if the capture does not say.</summary>
    public DateTimeOffset? Begin => _begin is { } time ? DateTimeOffset.UnixEpoch.AddTicks(time / 100) : null;

    /// <summary>The frames in which no TCP was found, by the reason; the most frequent one first.</summary>
    public IReadOnlyList<(long Frames, Obstacle Why)> WithoutTcp =>
        [.. _obstacles.Select(item => (item.Value, item.Key)).OrderByDescending(item => item.Value)
            .ThenBy(item => item.Key.Kind).ThenBy(item => item.Key.Number)];

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
        double seconds = SecondsOf(frame);
        Seconds = Math.Max(Seconds, seconds);
        if (TraceSegment.Parse(frame, out Obstacle why) is not { } segment)
        {
            _obstacles[why] = _obstacles.GetValueOrDefault(why) + 1;
            return;
        }

        Segments++;
        Find(segment, seconds).Add(segment, seconds);
    }

    // A frame without a time of its own came with the one before it, as far as the capture tells.
    private double SecondsOf(CapturedFrame frame)
    {
        if (frame.Nanoseconds is not { } time)
            return _now;

        _begin ??= time;
        return _now = (double)((Int128)time - _begin.Value) / 1e9;
    }

    private TraceConnection Find(TraceSegment segment, double seconds)
    {
        (IPEndPoint, IPEndPoint) key = (segment.Source, segment.Destination);
        (IPEndPoint, IPEndPoint) back = (segment.Destination, segment.Source);
        TraceConnection? found = _open.GetValueOrDefault(key) ?? _open.GetValueOrDefault(back);
        if (found is not null && !found.IsFollowedBy(segment))
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
