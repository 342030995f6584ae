using UserTcp.Buffers;
using UserTcp.Primitives;
using UserTcp.Tcp;
using UserTcp.Wire;

namespace UserTcp.Benchmarks.Workloads;

/// <summary>
/// Two machines joined by a piece of memory: every plan becomes the bytes of a segment, with its checksum, and is
/// parsed and verified at the other end. Time is an argument, so nothing here waits.
/// </summary>
internal sealed class TcbPair
{
    private const int SegmentsPerTurn = 32;
    private static readonly TimeSpan s_turn = TimeSpan.FromMicroseconds(20);

    private readonly byte[] _wire = new byte[TcpSegment.MaxHeaderSize + ushort.MaxValue];
    private readonly ChunkPool _pool = new(64 << 20);
    private readonly int _maxGsoBytes;
    private TcbEnd _client = null!;
    private TcbEnd _server = null!;
    private Instant _now = new(TimeSpan.TicksPerSecond);

    /// <summary>Opens a connection.</summary>
    /// <param name="maxGsoBytes">The largest super-segment, in bytes of text; 0 for none.</param>
    public TcbPair(int maxGsoBytes = 0)
    {
        _maxGsoBytes = maxGsoBytes;
        Reopen();
    }

    /// <summary>Opens another connection in place of the present one.</summary>
    public void Reopen()
    {
        _client = new TcbEnd(new TcpConfig { MaxGsoBytes = _maxGsoBytes }, _pool);
        _server = new TcbEnd(new TcpConfig { MaxGsoBytes = _maxGsoBytes }, _pool);
        Connect();
    }

    /// <summary>Carries octets from the client's application to the server's.</summary>
    public void Transfer(int bytes) => Carry(_client, _server, bytes);

    /// <summary>A request and its answer: each end writes, the other reads.</summary>
    public void Exchange(int requestBytes, int answerBytes)
    {
        Carry(_client, _server, requestBytes);
        Carry(_server, _client, answerBytes);
    }

    private void Connect()
    {
        _client.Tcb = new Tcb(_client.Config, IpFamily.V4, _client.Send, _client.Receive, new SeqNumber(1_000_000), 7);
        _client.Tcb.OnUserCall(UserCall.Open, _now);
        PassiveOpen opening = PassiveOpen.FromSyn(_server.Config, Take(_client), new SeqNumber(2_000_000), 11, _now);
        SegmentPlan synAck = opening.SynAck(_now);
        _client.Tcb.OnSegmentArrives(Parse(_server.Put(synAck, _wire), 0), _now);
        TcpSegment ack = Take(_client);
        if (opening.OnSegmentArrives(ack, _now) != PassiveVerdict.Complete)
            throw new InvalidOperationException("The handshake did not complete.");

        _server.Tcb = new Tcb(_server.Config, IpFamily.V4, _server.Send, _server.Receive, opening, _now);
        _server.Tcb.OnSegmentArrives(ack, _now);
    }

    private void Carry(TcbEnd from, TcbEnd to, int bytes)
    {
        long target = to.Receive.Consumed + bytes;
        int unwritten = bytes;
        while (to.Receive.Consumed < target)
        {
            unwritten -= from.Write(unwritten, _now);
            int moved = Deliver(from, to);
            to.Read(_now);
            moved += Deliver(to, from);
            _now += s_turn;
            if (moved == 0)
                SkipToDeadline();
        }
    }

    private int Deliver(TcbEnd from, TcbEnd to)
    {
        int segments = 0;
        while (segments < SegmentsPerTurn && from.Tcb.TryNextSegment(_now, out SegmentPlan plan))
        {
            int coalesced = plan.PayloadLength > plan.SegmentSize ? plan.SegmentSize : 0;
            to.Tcb.OnSegmentArrives(Parse(from.Put(plan, _wire), coalesced), _now);
            segments++;
        }

        return segments;
    }

    private TcpSegment Take(TcbEnd from) => from.Tcb.TryNextSegment(_now, out SegmentPlan plan)
        ? Parse(from.Put(plan, _wire), 0)
        : throw new InvalidOperationException("No segment was due.");

    private TcpSegment Parse(int length, int coalescedSegmentSize)
    {
        ReadOnlySpan<byte> bytes = _wire.AsSpan(0, length);
        bool isValid = InternetChecksum.IsTransportValid(
            SegmentSample.Source, SegmentSample.Destination, IpProtocol.Tcp, bytes);
        return isValid && TcpSegment.TryParse(bytes, out TcpSegment segment, coalescedSegmentSize)
            ? segment
            : throw new InvalidOperationException("A segment was malformed.");
    }

    private void SkipToDeadline()
    {
        Instant deadline = Instant.Min(_client.Tcb.NextDeadline, _server.Tcb.NextDeadline);
        if (deadline.IsNever)
            throw new InvalidOperationException("The transfer stands still and no timer is armed.");

        _now = Instant.Max(_now, deadline);
        _client.Tcb.OnTimeout(_now);
        _server.Tcb.OnTimeout(_now);
    }
}
