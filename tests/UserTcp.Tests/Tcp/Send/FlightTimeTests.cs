using UserTcp.Primitives;
using UserTcp.Tcp.Send;
using UserTcp.Tests.Support;
using UserTcp.Wire;

namespace UserTcp.Tests.Tcp.Send;

/// <summary>Losses by time, which the flight finds without walking it, against a walk.</summary>
public sealed class FlightTimeTests
{
    private const int Segment = 100;
    private static readonly SeqNumber s_start = new(uint.MaxValue - 1500);

    [Fact, Rfc("8985 §6.2", "R8985-9")]
    public void What_is_lost_by_time_is_what_a_walk_of_the_whole_flight_finds()
    {
        for (int seed = 0; seed < 300; seed++)
        {
            new History(seed).Run(150);
        }
    }

    [Fact]
    public void What_a_reneging_peer_reported_and_what_was_lost_for_nothing_is_judged_again()
    {
        var flight = new Flight();
        for (int i = 0; i < 5; i++)
        {
            flight.Append(new SentSegment
            {
                Seq = s_start + i * Segment, Length = Segment, SegmentSize = Segment, SentAt = new Instant(i),
            });
        }

        var rack = new Rack(s_start);
        Report(flight, ref rack, 400, 500, now: 100);
        Assert.Equal(400u, flight.MarkLostByTime(rack, TimeSpan.Zero, new Instant(100), out _));
        flight.UnmarkLost();
        Assert.Equal(400u, flight.MarkLostByTime(rack, TimeSpan.Zero, new Instant(100), out _));
        Report(flight, ref rack, 0, 500, now: 101);
        Assert.True(flight.IsReneged && flight.ForgetSacksIfReneging());
        Assert.Equal(400u, flight.MarkLostByTime(rack, TimeSpan.Zero, new Instant(101), out _));
    }

    private static void Report(Flight flight, ref Rack rack, int from, int to, long now)
    {
        var digest = new AckDigest { Now = new Instant(now) };
        Assert.True(SackBlock.TryCreate(s_start + from, s_start + to, out SackBlock block));
        flight.Sack(block, ref digest);
        rack.OnDelivered(digest);
    }

    private sealed class History(int seed)
    {
        private readonly Random _random = new(seed);
        private readonly Flight _flight = new();
        private Rack _rack = new(s_start);
        private Instant _now = new(1000);
        private SeqNumber _una = s_start;
        private SeqNumber _next = s_start;

        public void Run(int steps)
        {
            for (int step = 0; step < steps; step++)
            {
                _now += new TimeSpan(_random.Next(3));
                Act();
                if (_random.Next(2) == 0)
                    Judge();
            }
        }

        private void Act()
        {
            switch (_random.Next(8))
            {
                case 0 or 1:
                    Send(_random.Next(1, 5));
                    break;
                case 2 or 3 when _next > _una:
                    Deliver(_una, _una + _random.Next(_next - _una), _random.Next(1, 400));
                    break;
                case 4 when _next > _una:
                    Deliver(_una + _random.Next(Math.Min(300, _next - _una) + 1), _una, 0);
                    break;
                case 5 when _flight.IndexOfLost() is >= 0 and int index:
                    _now += new TimeSpan(1); // in one moment what is sent again is sent in the order of the numbers
                    uint length = (uint)_random.Next(1, (int)_flight[index].Length + 1);
                    _flight.OnRetransmitted(index, _flight[index].Seq, length, Segment, _now);
                    break;
                case 6 when SendChooser.FindTail(_flight, Segment, out SentSegment tail) is >= 0 and int last
                    && _random.Next(4) == 0:
                    _now += new TimeSpan(1);
                    _flight.OnRetransmitted(last, tail.Seq, tail.Length, Segment, _now);
                    break;
                case 7:
                    Revise(_random.Next(12));
                    break;
            }
        }

        private void Revise(int choice)
        {
            if (choice == 0)
                _flight.UnmarkLost();
            else if (choice == 1)
                _flight.MarkAllLost();
            else if (choice == 2)
                _flight.MarkFirstLost(Segment);
            else if (_flight.IsReneged)
                _flight.ForgetSacksIfReneging();
        }

        private void Send(int segments)
        {
            for (int i = 0; i < segments; i++)
            {
                int length = _random.Next(3) == 0 ? 5 * Segment : Segment;
                _flight.Append(new SentSegment
                {
                    Seq = _next, Length = (uint)length, SegmentSize = Segment, SentAt = _now,
                });
                _next += length;
            }
        }

        private void Deliver(SeqNumber ack, SeqNumber left, int length)
        {
            var digest = new AckDigest { Now = _now };
            SeqNumber right = SeqNumber.Min(left + length, _next);
            if (right > left && SackBlock.TryCreate(left, right, out SackBlock block))
                _flight.Sack(block, ref digest);
            _una = SeqNumber.Max(_una, ack);
            _flight.AckTo(_una, ref digest);
            _rack.OnDelivered(digest);
        }

        private void Judge()
        {
            var window = new TimeSpan(_random.Next(8));
            var expected = new List<uint>();
            TimeSpan longest = TimeSpan.Zero;
            for (int i = 0; i < _flight.Count; i++)
            {
                SentSegment segment = _flight[i];
                bool isOut = !segment.Has(SentFlags.Sacked | SentFlags.Lost) && _rack.IsOvertaken(segment);
                TimeSpan remaining = isOut ? _rack.Remaining(segment, window, _now) : TimeSpan.Zero;
                if (segment.Has(SentFlags.Lost) || (isOut && remaining <= TimeSpan.Zero))
                    expected.Add(segment.Seq.Value);
                longest = remaining > longest ? remaining : longest;
            }

            _flight.MarkLostByTime(_rack, window, _now, out TimeSpan wait);
            IEnumerable<uint> lost = Enumerable.Range(0, _flight.Count)
                .Where(i => _flight[i].Has(SentFlags.Lost)).Select(i => _flight[i].Seq.Value);
            Assert.True(expected.SequenceEqual(lost), $"seed {seed}: {string.Join(' ', lost)}");
            Assert.True(wait <= longest && wait > TimeSpan.Zero == longest > TimeSpan.Zero, $"seed {seed}: {wait}");
        }
    }
}
