using System.Buffers.Binary;
using UserTcp.Buffers;
using UserTcp.Primitives;
using UserTcp.Tcp;
using UserTcp.Wire;

namespace UserTcp.Benchmarks.Workloads;

/// <summary>
/// ACKs with three SACK blocks reach a machine whose first segment is missing: each reports one segment more, until all
/// the others are reported, and the last ACK covers everything. Segments leave as super-segments, as on a link with
/// offloads. RACK is on.
/// </summary>
internal sealed class SackedAcks
{
    private const int SegmentBytes = 1448;
    private const int SeqOffset = 4;
    private const int AckOffset = 8;

    // Timestamps take 12 octets of the options; then two NOPs, kind and length.
    private const int BlocksOffset = 20 + 12 + 4;
    private static readonly SeqNumber s_iss = new(1_000_000);
    private static readonly SeqNumber s_irs = new(2_000_000);

    private readonly int _segments;
    private readonly byte[] _reporting;
    private readonly byte[] _covering;
    private readonly TcbEnd _end;
    private Instant _now = new(TimeSpan.TicksPerSecond);
    private SeqNumber _una = s_iss + 1;

    /// <param name="segments">How many segments are outstanding, 10 at least.</param>
    public SackedAcks(int segments)
    {
        _segments = segments;
        long bytes = (long)segments * SegmentBytes;
        var config = new TcpConfig
        {
            MaxGsoBytes = 64_240,
            Pacing = false,
            BlackHoleDetection = false,
            AutoTuneBuffers = false,
            SendBufferBytes = (int)Math.Max(bytes + 65_536, 1 << 20),
            CongestionControl = new WideControl(),
        };
        _end = new TcbEnd(config, new ChunkPool(256 << 20));
        _reporting = Segment(TcpFlags.Ack, blocks: 3);
        _covering = Segment(TcpFlags.Ack, blocks: 0);
        _end.Tcb = new Tcb(config, IpFamily.V4, _end.Send, _end.Receive, s_iss, 7);
        _end.Tcb.OnUserCall(UserCall.Open, _now);
        Pull();
        byte[] synAck = Segment(TcpFlags.Syn | TcpFlags.Ack, blocks: 0);
        BinaryPrimitives.WriteUInt32BigEndian(synAck.AsSpan(SeqOffset), s_irs.Value);
        Arrive(synAck, _una);
        Arrive(_covering, _una); // only now the window is scaled
        Pull();
        if (_end.Tcb.State != TcpState.Established)
            throw new InvalidOperationException("The handshake did not complete.");
    }

    /// <summary>Everything leaves, is reported segment by segment but for the first, and is covered at last.</summary>
    public void Round()
    {
        if (_end.Write(_segments * SegmentBytes, _now) != _segments * SegmentBytes)
            throw new InvalidOperationException("The send buffer is too small.");
        Pull();
        if (_end.Tcb.Describe(_now).BytesOutstanding != _segments * SegmentBytes)
            throw new InvalidOperationException("Not all segments are outstanding.");

        _now += TimeSpan.FromMilliseconds(1);
        for (int last = 2; last <= _segments; last++)
        {
            // The newest run, and two that are known: they lie apart from it while there is room for that.
            int second = Math.Min(last, 4);
            Report(0, second + 2 < last ? second + 2 : 1, last);
            Report(1, 1, Math.Min(last, 2));
            Report(2, Math.Min(3, last - 1), second);
            Arrive(_reporting, _una);
            Pull();
        }

        _una += (uint)(_segments * SegmentBytes);
        Arrive(_covering, _una);
        Pull();
    }

    private void Report(int block, int first, int end)
    {
        Span<byte> bytes = _reporting.AsSpan(BlocksOffset + 8 * block);
        BinaryPrimitives.WriteUInt32BigEndian(bytes, (_una + (uint)(first * SegmentBytes)).Value);
        BinaryPrimitives.WriteUInt32BigEndian(bytes[4..], (_una + (uint)(end * SegmentBytes)).Value);
    }

    private void Arrive(byte[] bytes, SeqNumber ack)
    {
        _now += TimeSpan.FromMicroseconds(1);
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(AckOffset), ack.Value);
        if (!TcpSegment.TryParse(bytes, out TcpSegment segment))
            throw new InvalidOperationException("A segment was malformed.");

        _end.Tcb.OnSegmentArrives(segment, _now);
    }

    private void Pull()
    {
        while (_end.Tcb.TryNextSegment(_now, out _))
        {
        }
    }

    private static byte[] Segment(TcpFlags flags, int blocks)
    {
        bool isSyn = (flags & TcpFlags.Syn) != 0;
        var options = new TcpOptions
        {
            HasTimestamps = true, TsVal = 1, TsEcr = 7, SackCount = blocks,
            HasMss = isSyn, Mss = 1460, SackPermitted = isSyn,
            HasWindowScale = isSyn, WindowScale = new WindowScale(14),
        };
        for (int i = 0; i < blocks; i++)
        {
            SackBlock.TryCreate(new SeqNumber((uint)i), new SeqNumber((uint)i + 1), out options.Sack[i]);
        }

        byte[] bytes = new byte[TcpSegment.MaxHeaderSize];
        int header = TcpSegmentWriter.WriteHeader(
            bytes, 80, 49152, default, s_irs + 1, flags, new WireWindow(ushort.MaxValue), 0, options);
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(SeqOffset), (s_irs + 1).Value);
        return bytes[..header];
    }
}
