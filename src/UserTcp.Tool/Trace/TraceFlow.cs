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
    private readonly TraceRanges _seen = new();
    private uint? _first;
    private long _highest;
    private long _acknowledged;
    private double _disorderAt = double.NegativeInfinity;
    private double _firstTextAt;
    private double _lastTextAt;
    private double _acknowledgedAt;

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

    /// <summary>Octets of text that the capture shows, each counted once.</summary>
    public long Bytes { get; private set; }

    /// <summary>Segments with text that the capture shows for the first time, below text that it has shown.</summary>
    public long OutOfOrder { get; private set; }

    /// <summary>The sequence number of the SYN, or the one before the first that was seen; null before any.</summary>
    public uint? InitialSequence { get; private set; }

    public bool HasFin { get; private set; }

    /// <summary>Whether all that was seen are SYNs without text or acknowledgment, of an attempt to connect.</summary>
    public bool IsAttempt { get; private set; } = true;

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

    /// <summary>
    /// Acknowledged octets in bits per second, from the first text to the last acknowledgment of new text. Where the
    /// capture shows no acknowledgment: the octets that it shows, to the last text. 0 without any time between.
    /// </summary>
    public double BitsPerSecond()
    {
        long acknowledged = Math.Min(_acknowledged, _highest);
        double seconds = (acknowledged > 0 ? _acknowledgedAt : _lastTextAt) - _firstTextAt;
        return Bytes > 0 && seconds > 0 ? (acknowledged > 0 ? acknowledged : Bytes) * 8 / seconds : 0;
    }

    /// <summary>A segment of this direction.</summary>
    public void Sent(TraceSegment segment, double seconds)
    {
        Count++;
        IsAttempt &= segment is { IsSyn: true, HasAcknowledgment: false, Length: 0 };
        HasFin |= segment.IsFin;
        _first ??= segment.IsSyn ? segment.Sequence + 1 : segment.Sequence;
        InitialSequence ??= segment.IsSyn ? segment.Sequence : segment.Sequence - 1;
        if (segment.IsSyn)
            (WindowScale, SegmentSize) = (segment.WindowScale, segment.SegmentSize);

        long from = segment.IsSyn ? 0 : PositionOf(segment.Sequence);
        long to = from + segment.Length;
        MaxSegment = Math.Max(MaxSegment, segment.Length);
        if (segment.Length > 0)
            Text(new TraceStroke(seconds, from, to), segment.IsTimed);
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
        _acknowledgedAt = Math.Max(_acknowledgedAt, seconds);
        Outstanding.Add(new TracePoint(seconds, Math.Max(0, _highest - position)));
        Sample(position, seconds, segment.IsTimed);
    }

    // Text counts as sent again if the capture has shown some of it before. Text that fills a hole was lost before this
    // place and is its first transmission that came so far, or it came late: either way it is no repetition here.
    private void Text(TraceStroke stroke, bool isTimed)
    {
        if (Bytes == 0)
            _firstTextAt = stroke.Seconds;
        _lastTextAt = Math.Max(_lastTextAt, stroke.Seconds);
        long added = _seen.Add(stroke.From, stroke.To);
        bool isInOrder = stroke.From >= _highest || Bytes == 0;
        Bytes += added;
        if (added < stroke.To - stroke.From)
            Retransmissions.Add(stroke);
        else
            First(stroke, isInOrder, isTimed);

        if (!isInOrder)
            _disorderAt = stroke.Seconds;
        _highest = Math.Max(_highest, stroke.To);
        Outstanding.Add(new TracePoint(stroke.Seconds, Math.Max(0, _highest - _acknowledged)));
    }

    private void First(TraceStroke stroke, bool isInOrder, bool isTimed)
    {
        Segments.Add(stroke);
        if (!isInOrder)
            OutOfOrder++;
        else if (isTimed)
            _samples.Enqueue((stroke.To, stroke.Seconds));
    }

    // By Karn: an acknowledgment of text that was sent twice, or that had to wait for text below it, does not tell the
    // time of either. So what was sent before the last text out of order is no sample.
    private void Sample(long position, double seconds, bool isTimed)
    {
        (long End, double Seconds)? last = null;
        while (_samples.TryPeek(out (long End, double Seconds) sample) && sample.End <= position)
            last = _samples.Dequeue();

        if (isTimed && last is { } measured && measured.Seconds > _disorderAt)
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
