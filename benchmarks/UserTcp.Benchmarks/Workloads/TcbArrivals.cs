using System.Buffers.Binary;
using UserTcp.Buffers;
using UserTcp.Primitives;
using UserTcp.Tcp;
using UserTcp.Wire;

namespace UserTcp.Benchmarks.Workloads;

/// <summary>
/// One warm machine, and segments for it whose numbers are written into the same bytes again: parsing and what the
/// machine makes of them, no checksum and no peer.
/// </summary>
internal sealed class TcbArrivals
{
    /// <summary>Text of a segment.</summary>
    public const int SegmentBytes = 1448;

    private const int SeqOffset = 4;
    private const int AckOffset = 8;
    private static readonly SeqNumber s_iss = new(1_000_000);
    private static readonly SeqNumber s_irs = new(2_000_000);

    private readonly byte[] _text;
    private readonly byte[] _bare;
    private readonly TcbEnd _end;
    private Instant _now = new(TimeSpan.TicksPerSecond);
    private SeqNumber _peerNext = s_irs + 1;
    private SeqNumber _ourNext = s_iss + 1;

    public TcbArrivals()
    {
        _end = new TcbEnd(new TcpConfig(), new ChunkPool(64 << 20));
        _text = Segment(TcpFlags.Ack, SegmentBytes);
        _bare = Segment(TcpFlags.Ack, 0);
        _end.Tcb = new Tcb(_end.Config, IpFamily.V4, _end.Send, _end.Receive, s_iss, 7);
        _end.Tcb.OnUserCall(UserCall.Open, _now);
        Pull();
        byte[] synAck = Segment(TcpFlags.Syn | TcpFlags.Ack, 0);
        BinaryPrimitives.WriteUInt32BigEndian(synAck.AsSpan(SeqOffset), s_irs.Value);
        Arrive(synAck, _ourNext);
        Pull();
        if (_end.Tcb.State != TcpState.Established)
            throw new InvalidOperationException("The handshake did not complete.");
    }

    /// <summary>
    /// Segments of text arrive in order, are read, and what they are owed is pulled: a batch of a turn.
    /// </summary>
    /// <returns>How many ACKs that were.</returns>
    public int Text(int segments)
    {
        for (int i = 0; i < segments; i++)
        {
            BinaryPrimitives.WriteUInt32BigEndian(_text.AsSpan(SeqOffset), _peerNext.Value);
            _peerNext += SegmentBytes;
            Arrive(_text, _ourNext);
        }

        _end.Read(_now);
        return Pull();
    }

    /// <summary>A full segment is written and leaves, and a bare ACK of it arrives.</summary>
    public void AckOfSegment()
    {
        _end.Write(SegmentBytes, _now);
        if (Pull() != 1)
            throw new InvalidOperationException("One segment was expected to leave.");

        _ourNext += SegmentBytes;
        BinaryPrimitives.WriteUInt32BigEndian(_bare.AsSpan(SeqOffset), _peerNext.Value);
        Arrive(_bare, _ourNext);
    }

    private void Arrive(byte[] bytes, SeqNumber ack)
    {
        _now += TimeSpan.FromMicroseconds(1);
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(AckOffset), ack.Value);
        if (!TcpSegment.TryParse(bytes, out TcpSegment segment))
            throw new InvalidOperationException("A segment was malformed.");

        _end.Tcb.OnSegmentArrives(segment, _now);
    }

    private int Pull()
    {
        int segments = 0;
        while (_end.Tcb.TryNextSegment(_now, out _))
        {
            segments++;
        }

        return segments;
    }

    private static byte[] Segment(TcpFlags flags, int textBytes)
    {
        bool isSyn = (flags & TcpFlags.Syn) != 0;
        var options = new TcpOptions
        {
            HasTimestamps = true, TsVal = 1, TsEcr = 7,
            HasMss = isSyn, Mss = 1460, SackPermitted = isSyn, HasWindowScale = isSyn, WindowScale = new WindowScale(7),
        };
        byte[] bytes = new byte[TcpSegment.MaxHeaderSize + textBytes];
        int header = TcpSegmentWriter.WriteHeader(
            bytes, 80, 49152, default, default, flags, new WireWindow(4096), 0, options);
        return bytes[..(header + textBytes)];
    }
}
