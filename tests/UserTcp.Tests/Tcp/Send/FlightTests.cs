using UserTcp.Buffers;
using UserTcp.Primitives;
using UserTcp.Tcp.Send;
using UserTcp.Wire;

namespace UserTcp.Tests.Tcp.Send;

public sealed class FlightTests
{
    private const int Segment = 100;
    private static readonly SeqNumber s_start = new(uint.MaxValue - 1500); // the circle closes in every test

    private static Flight Of(params int[] lengths)
    {
        var flight = new Flight();
        SeqNumber seq = s_start;
        foreach (int length in lengths)
        {
            flight.Append(new SentSegment { Seq = seq, Length = (uint)length, SegmentSize = Segment });
            seq += length;
        }

        return flight;
    }

    [Theory]
    [InlineData(1)]
    [InlineData(1000)]
    public void What_is_acknowledged_or_taken_back_leaves_its_memory_to_others(int segments)
    {
        var rings = new RingPool<SentSegment>(smallest: 1);
        var flight = new Flight(rings);
        for (int round = 0; round < 2; round++)
        {
            for (int i = 0; i < segments; i++)
            {
                flight.Append(new SentSegment { Seq = s_start + i, Length = 1, SegmentSize = 1 });
            }

            if (round == 0)
                Assert.Equal((uint)segments, AckTo(flight, segments));
            while (!flight.IsEmpty)
            {
                flight.RemoveLast();
            }

            SentSegment[] ring = rings.Rent(segments);
            Assert.Equal(1u, ring[0].Length); // the one that was used
            Assert.Equal(0u, rings.Rent(segments)[0].Length); // and no other
            rings.Return(ring);
        }
    }

    private static uint Sack(Flight flight, int from, int to)
    {
        Assert.True(SackBlock.TryCreate(s_start + from, s_start + to, out SackBlock block));
        var digest = new AckDigest();
        return flight.Sack(block, ref digest);
    }

    private static uint AckTo(Flight flight, int una)
    {
        var digest = new AckDigest();
        flight.AckTo(s_start + una, ref digest);
        return digest.AckedBytes;
    }

    private static string Show(Flight flight) => string.Join(' ', Enumerable.Range(0, flight.Count).Select(i =>
        $"{flight[i].Seq - s_start}+{flight[i].Length}{(flight[i].Has(SentFlags.Sacked) ? "s" : "")}"
        + $"{(flight[i].Has(SentFlags.Lost) ? "l" : "")}{(flight[i].Has(SentFlags.Retransmitted) ? "r" : "")}"));

    [Fact]
    public void Sack_block_inside_a_super_segment_splits_it_in_three()
    {
        Flight flight = Of(1000);
        Assert.Equal(200u, Sack(flight, 300, 500));
        Assert.Equal("0+300 300+200s 500+500", Show(flight));
        Assert.Equal(0u, Sack(flight, 300, 500));
        Assert.Equal(800u, flight.BytesInFlight);
    }

    [Fact]
    public void Report_that_grows_moves_its_borders_and_splits_nothing()
    {
        Flight flight = Of(1000);
        Sack(flight, 300, 500);
        flight.MarkFirstLost(Segment);
        flight.MarkAllLost();
        Assert.Equal(100u, Sack(flight, 300, 600));
        Assert.Equal(50u, Sack(flight, 250, 600));
        Assert.Equal("0+100l 100+150l 250+350s 600+400l", Show(flight));
        Assert.Equal((350u, 650u, 0u), (flight.SackedBytes, flight.LostBytes, flight.BytesInFlight));
        Assert.Equal(400u, Sack(flight, 600, 1000));
        Assert.Equal(250u, Sack(flight, 0, 1000));
        Assert.Equal((1000u, 0u), (flight.SackedBytes, flight.LostBytes));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void Report_that_comes_again_is_passed_in_one_step(int first)
    {
        Flight flight = Of([.. Enumerable.Repeat(Segment, 50)]);
        Sack(flight, first * Segment, 50 * Segment);
        long before = flight.Looks;
        Assert.Equal(0u, Sack(flight, first * Segment, 50 * Segment));
        Assert.Equal(2, flight.Looks - before); // the first entry, and the run that it begins
    }

    [Fact]
    public void Probe_that_is_taken_back_is_neither_reported_nor_lost_any_more()
    {
        Flight flight = Of(1);
        flight.MarkAllLost();
        flight.RemoveLast();
        Assert.Equal((0, 0u, 0u), (flight.Count, flight.Bytes, flight.LostBytes));

        flight = Of(1);
        Sack(flight, 0, 1);
        flight.RemoveLast();
        Assert.Equal((0, 0u, 0u), (flight.Count, flight.Bytes, flight.SackedBytes));
    }

    /// <summary>What did not leave would be taken for sent, and had to wait for a timeout, piece by piece.</summary>
    [Fact]
    public void Entry_that_is_sent_again_in_pieces_is_split_however_many_there_are()
    {
        Flight flight = Of([.. Enumerable.Repeat(2, Flight.MaxEntries)]);
        flight.MarkAllLost();
        flight.OnRetransmitted(0, flight[0].Seq, 1, 1, default);
        Assert.Equal(Flight.MaxEntries + 1, flight.Count);
        Assert.Equal(1, flight.IndexOfLost());
        Assert.Equal(1u, flight.BytesInFlight);
        Assert.Equal(0u, Sack(flight, 3, 4)); // but peers split no more of it
    }

    [Fact]
    public void Loss_needs_more_than_two_segments_reported_above_it()
    {
        Flight flight = Of(100, 100, 100, 100, 100);
        Sack(flight, 100, 300);
        Assert.Equal(0u, flight.MarkLost(3, Segment)); // exactly (DupThresh − 1) segments' worth: not more
        Sack(flight, 300, 301);
        Assert.Equal(100u, flight.MarkLost(3, Segment));
        Assert.Equal("0+100l 100+100s 200+101s 301+99 400+100", Show(flight));
    }

    [Fact]
    public void Loss_is_also_found_by_three_separate_runs()
    {
        Flight flight = Of(100, 100, 100, 100, 100, 100);
        Sack(flight, 110, 111);
        Sack(flight, 310, 311);
        Assert.Equal(0u, flight.MarkLost(3, Segment));
        Sack(flight, 510, 511);
        Assert.True(flight.MarkLost(3, Segment) >= 100);
        Assert.True(flight[0].Has(SentFlags.Lost));
    }

    [Fact]
    public void Retransmission_in_the_network_is_not_lost_again_before_a_timeout()
    {
        Flight flight = Of(100, 100, 100, 100, 100);
        Sack(flight, 100, 500);
        flight.MarkLost(3, Segment);
        flight.OnRetransmitted(0, flight[0].Seq, 100, Segment, new Instant(5));
        Assert.Equal("0+100r 100+100s 200+100s 300+100s 400+100s", Show(flight));
        Assert.Equal(0u, flight.MarkLost(3, Segment));
        Assert.Equal(100u, flight.BytesInFlight);
        flight.MarkAllLost();
        Assert.Equal(100u, flight.LostBytes);
        Assert.Equal(0u, flight.BytesInFlight);
    }

    [Fact]
    public void Ack_of_a_part_leaves_the_rest()
    {
        Flight flight = Of(1000, 100);
        Assert.Equal(250u, AckTo(flight, 250));
        Assert.Equal("250+750 1000+100", Show(flight));
        Assert.Equal(850u, flight.Bytes);
    }

    [Fact]
    public void Ack_does_not_count_octets_twice_that_sack_reported()
    {
        Flight flight = Of(100, 100, 100);
        Sack(flight, 100, 200);
        Assert.Equal(200u, AckTo(flight, 300));
        Assert.True(flight.IsEmpty);
        Assert.Equal(0u, flight.SackedBytes);
    }

    [Fact]
    public void Reneging_clears_all_reports()
    {
        Flight flight = Of(100, 100, 100);
        Sack(flight, 100, 300);
        AckTo(flight, 100); // the receiver waits for what it had reported
        flight.MarkAllLost();
        Assert.Equal("100+100l 200+100l", Show(flight));
    }

    [Fact]
    public void Many_single_octet_holes_are_bounded()
    {
        Flight flight = Of(60_000);
        for (int i = 1; i < 60_000; i += 2)
        {
            Sack(flight, i, i + 1);
        }

        Assert.True(flight.Count <= Flight.MaxEntries);
        Assert.Equal(60_000u, flight.Bytes);
    }

    [Fact]
    public void Random_histories_agree_with_a_map_of_octets()
    {
        for (int seed = 0; seed < 200; seed++)
        {
            var random = new Random(seed);
            var flight = new Flight();
            var model = new OctetMap();
            for (int step = 0; step < 200; step++)
            {
                Step(random, flight, model);
                model.Check(flight, seed);
            }
        }
    }

    private static void Step(Random random, Flight flight, OctetMap model)
    {
        switch (random.Next(6))
        {
            case 0 or 1:
                int length = random.Next(1, 6) * (random.Next(2) == 0 ? Segment : 37);
                flight.Append(new SentSegment
                {
                    Seq = s_start + model.Next, Length = (uint)length, SegmentSize = Segment,
                });
                model.Send(length);
                break;
            case 2 when model.Next > model.Una:
                int from = random.Next(model.Una, model.Next);
                int to = random.Next(from, Math.Min(model.Next, from + 400)) + 1;
                Assert.Equal(model.Sack(from, to), Sack(flight, from, to));
                break;
            case 3 when model.Next > model.Una:
                int una = random.Next(model.Una, model.Next + 1);
                Assert.Equal(model.Ack(una), AckTo(flight, una));
                break;
            case 4:
                flight.MarkLost(LossDetection.DupThresh, Segment);
                model.MarkLost();
                break;
            case 5 when flight.IndexOfLost() >= 0:
                int index = flight.IndexOfLost();
                uint sent = (uint)random.Next(1, (int)flight[index].Length + 1);
                model.Retransmit(flight[index].Seq - s_start, (int)sent);
                flight.OnRetransmitted(index, flight[index].Seq, sent, Segment, new Instant(1));
                break;
        }
    }

    /// <summary>The scoreboard octet by octet, by the words of RFC 6675 §4.</summary>
    private sealed class OctetMap
    {
        private readonly List<char> _octets = []; // 'o' outstanding, 's' sacked, 'l' lost, 'r' sent again

        public int Una { get; private set; }

        public int Next => _octets.Count;

        public void Send(int length) => _octets.AddRange(Enumerable.Repeat('o', length));

        public uint Sack(int from, int to)
        {
            uint added = 0;
            for (int i = from; i < to; i++)
            {
                added += _octets[i] == 's' ? 0u : 1u;
                _octets[i] = 's';
            }

            return added;
        }

        public uint Ack(int una)
        {
            uint acked = (uint)Enumerable.Range(Una, una - Una).Count(i => _octets[i] != 's');
            Una = una;
            return acked;
        }

        public void MarkLost()
        {
            int sacked = 0;
            int runs = 0;
            bool inRun = false;
            for (int i = Next - 1; i >= Una; i--)
            {
                if (_octets[i] == 's')
                {
                    sacked++;
                    runs += inRun ? 0 : 1;
                    inRun = true;
                    continue;
                }

                inRun = false;
                bool isLost = sacked > (LossDetection.DupThresh - 1) * Segment || runs >= LossDetection.DupThresh;
                if (isLost && _octets[i] == 'o')
                    _octets[i] = 'l';
            }
        }

        public void Retransmit(int from, int length)
        {
            for (int i = from; i < from + length; i++)
            {
                _octets[i] = 'r';
            }
        }

        public void Check(Flight flight, int seed)
        {
            Assert.Equal((uint)(Next - Una), flight.Bytes);
            Assert.Equal((uint)Enumerable.Range(Una, Next - Una).Count(i => _octets[i] == 's'), flight.SackedBytes);
            Assert.Equal((uint)Enumerable.Range(Una, Next - Una).Count(i => _octets[i] == 'l'), flight.LostBytes);
            int at = Una;
            for (int i = 0; i < flight.Count; i++)
            {
                Assert.True(flight[i].Seq == s_start + at, $"seed {seed}: {Show(flight)}");
                char expected = flight[i].Has(SentFlags.Sacked) ? 's'
                    : flight[i].Has(SentFlags.Lost) ? 'l'
                    : flight[i].Has(SentFlags.Retransmitted) ? 'r' : 'o';
                Assert.All(_octets.GetRange(at, (int)flight[i].Length), octet => Assert.Equal(expected, octet));
                at += (int)flight[i].Length;
            }

            Assert.Equal(Next, at);
        }
    }
}
