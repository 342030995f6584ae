using System.Buffers;
using UserTcp.Buffers;
using UserTcp.Primitives;
using UserTcp.Tcp;
using UserTcp.Wire;

namespace UserTcp.Tests.Support;

/// <summary>What a wire between two TCBs does to segments, by seed.</summary>
internal sealed record WireFaults(
    double Loss = 0, double Duplicate = 0, double Reorder = 0, double DelayMs = 5, double JitterMs = 0,
    double Mark = 0, int Mtu = int.MaxValue);

/// <summary>
/// Two TCBs over a bad wire in virtual time, each writing a stream and reading the other's at random paces. Every octet
/// is checked. No sockets, no frames: what travels is the plan with its text.
/// </summary>
internal sealed class TcbPair
{
    private readonly Random _random;
    private readonly WireFaults _faults;
    private readonly PriorityQueue<Flying, (long At, long Order)> _wire = new();
    private readonly ChunkPool _pool = new(256 << 20);
    private long _order;

    /// <param name="beforeWrap">How many octets before the end of the circle both streams begin; 0: anywhere.</param>
    public TcbPair(
        int seed, WireFaults faults, TcpConfig left, TcpConfig right, long leftBytes, long rightBytes,
        uint beforeWrap = 0)
    {
        _random = new Random(seed);
        _faults = faults;
        uint first = (uint)_random.Next();
        uint second = (uint)_random.Next() * 2u;
        Left = new Side(this, left, new SeqNumber(beforeWrap == 0 ? first : 0u - beforeWrap), leftBytes);
        Right = new Side(this, right, new SeqNumber(beforeWrap == 0 ? second : 0u - beforeWrap), rightBytes);
        Left.Peer = Right;
        Right.Peer = Left;
        Now = new Instant(TimeSpan.FromMinutes(5).Ticks);
    }

    public Side Left { get; }

    public Side Right { get; }

    public Instant Now { get; private set; }

    public int Dropped { get; private set; }

    /// <summary>Segments that the wire marked as having met congestion.</summary>
    public int Marked { get; private set; }

    public ChunkPool Pool => _pool;

    /// <summary>Active open from the left, passive on the right; or both active.</summary>
    public void Run(bool simultaneous, TimeSpan limit)
    {
        Left.Start(active: true);
        if (simultaneous)
            Right.Start(active: true);
        Instant end = Now + limit;
        while (!(Left.IsDone && Right.IsDone))
        {
            Left.Act();
            Right.Act();
            Instant next = Instant.Min(Left.NextDeadline, Right.NextDeadline);
            if (_wire.TryPeek(out _, out (long At, long Order) first))
                next = Instant.Min(next, new Instant(first.At));
            Instant pace = Now + TimeSpan.FromMilliseconds(50); // the applications act again without being woken
            Now = Instant.Max(Now, Instant.Min(next, pace));
            Assert.True(Now <= end, $"not done in time: {Left} | {Right}");
            Deliver();
            Left.OnTime();
            Right.OnTime();
        }

        Left.ReadRest();
        Right.ReadRest();
    }

    private void Deliver()
    {
        while (_wire.TryPeek(out Flying? segment, out (long At, long Order) at) && at.At <= Now.Ticks)
        {
            _wire.Dequeue();
            segment.To.Receive(segment);
        }
    }

    private void Send(Flying segment)
    {
        const int Headers = 40;
        bool isTooLong = segment.Text.Length + Headers + segment.Plan.Options.EncodedLength > _faults.Mtu;
        if (isTooLong || _random.NextDouble() < _faults.Loss)
        {
            Dropped++;
            return;
        }

        int copies = _random.NextDouble() < _faults.Duplicate ? 2 : 1;
        for (int i = 0; i < copies; i++)
        {
            double delay = _faults.DelayMs + _random.NextDouble() * _faults.JitterMs;
            if (_random.NextDouble() < _faults.Reorder)
                delay += _faults.DelayMs;
            _wire.Enqueue(segment, ((Now + TimeSpan.FromMilliseconds(delay)).Ticks, _order++));
        }
    }

    internal sealed record Flying(Side To, SegmentPlan Plan, byte[] Text, int Offset, bool IsLast, EcnCodepoint Ecn);

    internal sealed class Side(TcbPair pair, TcpConfig config, SeqNumber iss, long total)
    {
        private readonly SendQueue _send = new(pair._pool);
        private readonly ReceiveQueue _receive = new(pair._pool, config.ReceiveBufferBytes);
        private PassiveOpen? _half;
        private Tcb? _tcb;
        private long _written;
        private long _read;
        private bool _closed;

        public Side Peer { get; set; } = null!;

        public Tcb? Tcb => _tcb;

        public Effects Seen { get; private set; }

        public bool IsDone => _tcb is { State: TcpState.TimeWait or TcpState.Closed };

        public long BytesRead => _read;

        public Instant NextDeadline => _tcb?.NextDeadline ?? _half?.NextDeadline ?? Instant.Never;

        public void Start(bool active)
        {
            if (!active)
                return;
            _tcb = new Tcb(config, IpFamily.V4, _send, _receive, iss, timestampOffset: 99);
            Seen |= _tcb.OnUserCall(UserCall.Open, pair.Now);
        }

        /// <summary>The application writes, reads and closes; then everything due is sent.</summary>
        public void Act()
        {
            if (_tcb is null)
                return;
            Write();
            Read();
            if (_written == total && !_closed && _tcb.State != TcpState.SynSent)
            {
                _closed = true;
                Seen |= _tcb.OnUserCall(UserCall.Close, pair.Now);
            }

            Pull();
        }

        public void OnTime()
        {
            if (_tcb is not null && _tcb.NextDeadline <= pair.Now)
                Seen |= _tcb.OnTimeout(pair.Now);
            if (_tcb is null && _half is not null && _half.NextDeadline <= pair.Now)
            {
                Assert.True(_half.OnTimeout(pair.Now), "SYN-ACK given up");
                Emit(_half.SynAck(pair.Now));
            }
        }

        public void Receive(Flying flying)
        {
            TcpSegment segment = ToSegment(flying);
            if (_tcb is null && _half is null && segment.Has(TcpFlags.Syn) && !segment.Has(TcpFlags.Ack))
            {
                _half = PassiveOpen.FromSyn(config, segment, iss, 7, pair.Now);
                Emit(_half.SynAck(pair.Now));
                return;
            }

            if (_tcb is null && !CompleteHalfOpen(segment))
                return;
            Seen |= _tcb!.OnSegmentArrives(segment, pair.Now);
        }

        public override string ToString()
        {
            if (_tcb is null)
                return "no TCB";
            TcbReport report = _tcb.Describe(pair.Now);
            return $"{_tcb.State} wrote {_written}/{total} read {_read}/{Peer.Total} flight {report.BytesInFlight} "
                + $"una {_send.Start} wnd {report.PeerWindow} cwnd {report.CongestionWindow}";
        }

        private long Total => total;

        private bool CompleteHalfOpen(in TcpSegment segment)
        {
            if (_half is null)
                return false;
            switch (_half.OnSegmentArrives(segment, pair.Now))
            {
                case PassiveVerdict.Complete:
                    _tcb = new Tcb(config, IpFamily.V4, _send, _receive, _half, pair.Now);
                    return true;
                case PassiveVerdict.ReplySynAck:
                    Emit(_half.SynAck(pair.Now));
                    return false;
                case PassiveVerdict.ReplyAck:
                    Emit(_half.Ack(pair.Now));
                    return false;
                default:
                    return false;
            }
        }

        private void Write()
        {
            while (_written < total && _send.Unacknowledged < _send.Limit && pair._random.Next(3) > 0)
            {
                int count = (int)Math.Min(total - _written, pair._random.Next(1, 20_000));
                Span<byte> memory = _send.GetMemory(1).Span;
                count = Math.Min(count, memory.Length);
                for (int i = 0; i < count; i++)
                {
                    memory[i] = TcbBench.Octet(_written + i + iss.Value);
                }

                _send.Advance(count);
                _send.Publish();
                _written += count;
                Seen |= _tcb!.OnUserCall(UserCall.Send, pair.Now);
            }
        }

        private void Read()
        {
            long available = _receive.Unconsumed;
            if (available == 0 || pair._random.Next(3) == 0)
                return;
            Take(pair._random.Next(2) == 0 ? (int)available : pair._random.Next((int)available + 1));
        }

        /// <summary>What arrived before the end stays readable after it.</summary>
        public void ReadRest() => Take((int)_receive.Unconsumed);

        private void Take(int count)
        {
            foreach (ReadOnlyMemory<byte> piece in _receive.Read().Slice(0, count))
            {
                foreach (byte octet in piece.Span)
                {
                    Assert.Equal(TcbBench.Octet(_read + Peer.Iss.Value), octet);
                    _read++;
                }
            }

            _receive.AdvanceTo(_read, _read);
            Seen |= _tcb!.OnUserCall(UserCall.Receive, pair.Now);
        }

        private SeqNumber Iss => iss;

        private void Pull()
        {
            int pulled = 0;
            while (_tcb!.TryNextSegment(pair.Now, out SegmentPlan plan))
            {
                Emit(plan);
                Assert.True(++pulled < 100_000, "sends without end");
            }
        }

        // A super-segment is cut as the link would cut it.
        private void Emit(in SegmentPlan plan)
        {
            byte[] text = new byte[plan.PayloadLength];
            Assert.Equal(text.Length, _send.CopyTo(plan.PayloadOffset, text));
            int step = plan.SegmentSize > 0 ? plan.SegmentSize : Math.Max(1, text.Length);
            for (int offset = 0; offset == 0 || offset < text.Length; offset += step)
            {
                int length = Math.Min(step, text.Length - offset);
                bool isMarked = plan.Ecn != EcnCodepoint.NotEct && pair._random.NextDouble() < pair._faults.Mark;
                pair.Marked += isMarked ? 1 : 0;
                pair.Send(new Flying(Peer, plan, text[offset..(offset + length)], offset,
                    offset + length == text.Length, isMarked ? EcnCodepoint.Ce : plan.Ecn));
            }
        }

        private static TcpSegment ToSegment(Flying flying) => new()
        {
            Seq = flying.Plan.Seq + flying.Offset,
            Ack = flying.Plan.Ack,
            Flags = FlagsOf(flying),
            Window = flying.Plan.Window,
            UrgentPointer = flying.Plan.UrgentPointer,
            Options = flying.Plan.Options,
            Text = flying.Text,
            Ecn = flying.Ecn,
        };

        private static TcpFlags FlagsOf(Flying flying)
        {
            TcpFlags lacking = flying.IsLast ? TcpFlags.None : TcpFlags.Fin | TcpFlags.Psh;
            return flying.Plan.Flags & ~(lacking | (flying.Offset > 0 ? TcpFlags.Cwr : TcpFlags.None));
        }
    }
}
