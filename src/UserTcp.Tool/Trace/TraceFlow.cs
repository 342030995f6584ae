namespace UserTcp.Tool.Trace;

/// <summary>A point of a curve.</summary>
/// <param name="Seconds">Since the capture began.</param>
/// <param name="Value">What the curve shows.</param>
internal readonly record struct TracePoint(double Seconds, double Value);

/// <summary>A vertical stroke: octets from one position to another.</summary>
internal readonly record struct TraceStroke(double Seconds, long From, long To);

/// <summary>
/// One direction of a connection, seen from the place of the capture. Positions are octets since the first sequence
/// number that was seen.
/// </summary>
internal sealed class TraceFlow
{
    private const int ThroughputSteps = 120;
    private const double ShortestStep = 0.001;

    // What was sent once and is not acknowledged: its end, and when.
    private readonly Queue<(long End, double Seconds)> _samples = new();
    private uint? _first;
    private long _highest;
    private long _acknowledged;
    private double _resentAt = double.NegativeInfinity;

    public List<TraceStroke> Segments { get; } = [];

    public List<TraceStroke> Retransmissions { get; } = [];

    public List<TraceStroke> Sacks { get; } = [];

    /// <summary>What the other side has acknowledged.</summary>
    public List<TracePoint> Acks { get; } = [];

    /// <summary>How far the other side's window reaches.</summary>
    public List<TracePoint> WindowEdges { get; } = [];

    /// <summary>What is sent and not acknowledged, in octets.</summary>
    public List<TracePoint> Outstanding { get; } = [];

    /// <summary>From a segment to its acknowledgment, in milliseconds; of what was sent once only.</summary>
    public List<TracePoint> RoundTrips { get; } = [];

    /// <summary>The times of SYN, FIN and RST, with their letters.</summary>
    public List<(double Seconds, long Position, string Text)> Marks { get; } = [];

    /// <summary>Segments, those without text too.</summary>
    public long Count { get; private set; }

    /// <summary>New octets of text.</summary>
    public long Bytes { get; private set; }

    public int? WindowScale { get; private set; }

    public int? SegmentSize { get; private set; }

    public int MaxSegment { get; private set; }

    /// <summary>
    /// Acknowledged octets in equal steps of the time, in bits per second. Captures of several interfaces, or of a
    /// clock that was set, go back in time: what comes then counts for the step that was reached before.
    /// </summary>
    public IReadOnlyList<TracePoint> Throughput()
    {
        if (Acks.Count < 2)
            return [];

        double start = Acks[0].Seconds;
        double length = Acks.Max(ack => ack.Seconds) - start;
        double step = Math.Max(ShortestStep, length / ThroughputSteps);
        double[] acknowledged = new double[Math.Clamp((int)Math.Ceiling(length / step), 1, ThroughputSteps)];
        int reached = 0;
        for (int i = 1; i < Acks.Count; i++)
        {
            double at = Math.Ceiling((Acks[i].Seconds - start) / step) - 1;
            reached = (int)Math.Clamp(at, reached, acknowledged.Length - 1);
            acknowledged[reached] += Acks[i].Value - Acks[i - 1].Value;
        }

        return [.. acknowledged.Select((octets, i) => new TracePoint(start + i * step, octets * 8 / step))];
    }

    /// <summary>A segment of this direction.</summary>
    public void Sent(TraceSegment segment, double seconds)
    {
        Count++;
        _first ??= segment.IsSyn ? segment.Sequence + 1 : segment.Sequence;
        if (segment.IsSyn)
            (WindowScale, SegmentSize) = (segment.WindowScale, segment.SegmentSize);

        long from = segment.IsSyn ? 0 : PositionOf(segment.Sequence);
        long to = from + segment.Length;
        MaxSegment = Math.Max(MaxSegment, segment.Length);
        if (segment.Length > 0)
            Text(from, to, seconds);
        Mark(segment, segment.IsSyn ? from - 1 : to, seconds);
    }

    /// <summary>A segment of the other direction: what it says of this one.</summary>
    /// <param name="segment">The segment.</param>
    /// <param name="scale">By how many bits its window is to be shifted.</param>
    /// <param name="seconds">When.</param>
    public void Answered(TraceSegment segment, int scale, double seconds)
    {
        if (!segment.HasAcknowledgment || segment.IsReset || _first is null)
            return;

        long position = PositionOf(segment.Acknowledgment);
        Acks.Add(new TracePoint(seconds, Math.Max(position, _acknowledged)));
        WindowEdges.Add(new TracePoint(seconds, position + ((long)segment.Window << scale)));
        foreach ((uint left, uint right) in segment.Sack)
            Sacks.Add(new TraceStroke(seconds, PositionOf(left), PositionOf(right)));
        if (position <= _acknowledged)
            return;

        _acknowledged = position;
        Outstanding.Add(new TracePoint(seconds, Math.Max(0, _highest - position)));
        Sample(position, seconds);
    }

    private void Text(long from, long to, double seconds)
    {
        if (from < _highest)
        {
            Retransmissions.Add(new TraceStroke(seconds, from, to));
            _resentAt = seconds;
        }
        else
        {
            Segments.Add(new TraceStroke(seconds, from, to));
            _samples.Enqueue((to, seconds));
        }

        Bytes += Math.Max(0, to - Math.Max(from, _highest));
        _highest = Math.Max(_highest, to);
        Outstanding.Add(new TracePoint(seconds, _highest - _acknowledged));
    }

    // By Karn: an acknowledgment of what was sent twice, or that had to wait for it, does not tell the time of either.
    // So what was sent before the last retransmission is no sample.
    private void Sample(long position, double seconds)
    {
        (long End, double Seconds)? last = null;
        while (_samples.TryPeek(out (long End, double Seconds) sample) && sample.End <= position)
            last = _samples.Dequeue();

        if (last is { } measured && measured.Seconds > _resentAt)
            RoundTrips.Add(new TracePoint(seconds, (seconds - measured.Seconds) * 1000));
    }

    private void Mark(TraceSegment segment, long position, double seconds)
    {
        if (segment.IsSyn)
            Marks.Add((seconds, position, "SYN"));
        if (segment.IsFin)
            Marks.Add((seconds, position, "FIN"));
        if (segment.IsReset)
            Marks.Add((seconds, _highest, "RST"));
    }

    // Near what was sent last: sequence numbers come round again.
    private long PositionOf(uint sequence)
    {
        long near = Math.Max(_highest, _acknowledged);
        return near + unchecked((int)(sequence - _first!.Value - (uint)near));
    }
}
