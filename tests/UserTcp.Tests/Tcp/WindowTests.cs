using UserTcp.Buffers;
using UserTcp.Primitives;
using UserTcp.Tcp;
using UserTcp.Tcp.Receive;
using UserTcp.Tests.Support;

namespace UserTcp.Tests.Tcp;

public sealed class WindowTests
{
    private static TcbBench Full(int buffer = 10_000)
    {
        TcbBench bench = TcbBench.Established(TcbBench.Defaults(receiveBuffer: buffer));
        for (uint seq = 1001; seq < 1001 + buffer; seq += 1000)
        {
            bench.Arrives($"<SEQ={seq}><CTL=ACK><LEN=1000>");
            bench.Drain();
        }

        bench.AfterMs(50);
        bench.Drain();
        return bench;
    }

    private static uint RightEdge(TcbBench bench, uint before)
    {
        List<SegmentPlan> sent = bench.Drain();
        return sent.Count > 0 ? sent[^1].Ack.Value + sent[^1].Window.Value : before;
    }

    [Fact]
    [Rfc("9293 §3.8.6.2.2", "MUST-39")]
    [Rfc("9293 §3.8.6.1", "MAY-8")]
    public void Closed_window_opens_by_two_segments_not_by_octets()
    {
        TcbBench bench = Full();
        for (int i = 0; i < 19; i++)
        {
            bench.Reads(100).Silent();
        }

        bench.Reads(100).Sends("<ACK=11001><CTL=ACK><WND=2000>").Silent();
    }

    [Fact]
    public void The_position_of_the_next_window_update_is_known_before()
    {
        TcbBench bench = Full();
        Assert.Equal(2000, bench.Tcb.WindowUpdateFrom);
        bench.Reads(2000);
        Assert.Equal(4500, bench.Tcb.WindowUpdateFrom); // the update that is due will have told of 2,000
        bench.Sends("<ACK=11001><CTL=ACK><WND=2000>");
        Assert.Equal(4500, bench.Tcb.WindowUpdateFrom);
        bench.Reads(2499).Silent().Reads(1).Sends("<ACK=11001><CTL=ACK><WND=4500>").Silent();

        bench.Arrives("<SEQ=11001><CTL=ACK,FIN>");
        Assert.Equal(long.MaxValue, bench.Tcb.WindowUpdateFrom);
        Assert.Equal(long.MaxValue, TcbBench.SynSent().Tcb.WindowUpdateFrom);
    }

    [Fact]
    public void No_read_below_the_position_of_the_next_window_update_is_worth_a_segment()
    {
        for (int seed = 0; seed < 300; seed++)
        {
            var random = new Random(seed);
            TcbBench bench = TcbBench.Established(TcbBench.Defaults(receiveBuffer: random.Next(1_000, 20_000)));
            for (int step = 0; step < 100; step++)
            {
                int free = (int)Math.Min(bench.Tcb.Describe(bench.Now).ReceiveWindow, 1000);
                if (random.Next(2) == 0 && free > 0)
                    bench.Arrives($"<SEQ={1001 + bench.Receive.ContiguousEnd}><CTL=ACK><LEN={random.Next(1, free + 1)}>");
                bench.Drain();
                bench.AfterMs(50);
                bench.Drain();
                long from = bench.Tcb.WindowUpdateFrom;
                bench.Reads(random.Next((int)bench.Receive.Unconsumed + 1));
                if (bench.Receive.Examined < from)
                    bench.Silent();
            }
        }
    }

    [Fact]
    [Rfc("9293 §3.8.6.2.2", "MUST-39")]
    public void Probe_into_a_closed_window_learns_of_no_silly_window()
    {
        TcbBench bench = Full().Reads(500);
        bench.Arrives("<SEQ=11001><CTL=ACK><LEN=1>").Sends("<ACK=11001><CTL=ACK><WND=0>").Silent();
        bench.Reads(500).Arrives("<SEQ=11001><CTL=ACK><LEN=1>");
        bench.Sends("<ACK=11001><CTL=ACK><WND=1000>").Silent(); // a full segment's room may be told
    }

    [Fact]
    [Rfc("9293 §3.8.6", "SHLD-14")]
    public void Growing_window_in_coarse_units_does_not_take_back_a_promise()
    {
        // 1,500 octets more are free than were promised: less than a unit of 16,384, so rounding down would retreat.
        var scale = new WindowScale(14);
        const uint promised = 2 * 16_384 + 500;
        const long capacity = 1 << 30;
        var facts = new WindowFacts(capacity, capacity - (promised + 1500), promised, 1460, scale);
        Assert.True((WindowPolicy.Next(facts) << scale).Bytes >= promised);
    }

    /// <summary>By SND.WL1 alone the window would move on with SND.UNA, beyond what was ever offered.</summary>
    [Fact]
    [Rfc("9293 §3.10.7.4", "fifth")]
    public void Window_of_a_retransmission_that_acknowledges_more_is_taken()
    {
        TcbBench bench = TcbBench.Established();
        bench.Arrives("<SEQ=2001><ACK=101><CTL=ACK><WND=3000><LEN=1000>");
        bench.Writes(3000);
        bench.Drain();
        bench.Arrives("<SEQ=1001><ACK=3101><CTL=ACK><WND=0><LEN=1000>").Writes(1000);

        Assert.DoesNotContain(bench.Drain(), plan => plan.PayloadLength > 0);
    }

    [Fact]
    public void Window_opens_by_a_quarter_of_the_buffer_while_it_is_not_shut()
    {
        TcbBench bench = Full(40_000);
        bench.Reads(5000);
        bench.Drain();
        bench.Reads(9000).Silent().Reads(1000).Sends("<CTL=ACK><WND=15000>");
    }

    [Fact]
    public void Text_tells_of_room_that_was_too_little_for_a_segment_of_its_own()
    {
        TcbBench bench = Full(40_000).Reads(5000);
        bench.Drain();
        SegmentPlan text = Assert.Single(bench.Reads(9000).Silent().Writes(100).Drain());

        Assert.Equal(100, text.PayloadLength);
        Assert.Equal(14_000, text.Window.Value);
    }

    [Fact]
    [Rfc("9293 §3.8.6", "SHLD-14")]
    [Rfc("7323 §2.4", "R7323-5")]
    public void Right_edge_never_retreats_under_scaling()
    {
        var random = new Random(11);
        TcbBench bench = TcbBench.Established(
            TcbBench.Defaults(scaling: true, receiveBuffer: 1 << 20), "<MSS=1000><WS=0>");
        long edge = 0;
        uint seq = 1001;
        while (seq < 900_000)
        {
            int length = random.Next(1, 1000);
            bench.Arrives($"<SEQ={seq}><CTL=ACK><LEN={length}>");
            seq += (uint)length;
            if (random.Next(3) == 0)
                bench.Reads(random.Next((int)bench.Receive.Unconsumed + 1));
            foreach (SegmentPlan plan in bench.Drain())
            {
                long now = plan.Ack.Value + ((long)plan.Window.Value << 5);
                Assert.True(now >= edge, $"retreats from {edge} to {now}");
                edge = now;
            }
        }
    }

    [Fact]
    public void Rounding_up_cannot_be_milked_by_single_octets()
    {
        TcbBench bench = TcbBench.Established(
            TcbBench.Defaults(scaling: true, receiveBuffer: 1 << 20), "<MSS=1000><WS=0>");
        uint seq = 1001;
        for (int i = 0; i < 200_000 && bench.Receive.Unconsumed >= seq - 1001 - 1; i++, seq++)
        {
            bench.Arrives($"<SEQ={seq}><CTL=ACK><LEN=1>");
            bench.Drain();
        }

        Assert.True(bench.Report.ReceiveWindow + bench.Receive.Unconsumed <= (1 << 20) * 9L / 8 + 64);
    }

    [Fact]
    public void Window_update_survives_a_duplicate_ack_in_the_same_turn()
    {
        // Found by two machines over a bad wire: the duplicate ACK repeated the old window and swallowed the update.
        TcbBench bench = Full(3000);
        bench.Arrives("<SEQ=1001><CTL=ACK><LEN=100>").Reads(3000)
            .Sends("<ACK=4001><CTL=ACK><WND=0>").Sends("<ACK=4001><CTL=ACK><WND=3000>").Silent();
    }

    [Theory]
    [InlineData(10_000, 0, 0u, 1000, 10_000)] // all free: all of it
    [InlineData(10_000, 10_000, 0u, 1000, 0)]
    [InlineData(10_000, 9_500, 0u, 1000, 0)] // less than a segment: stays shut
    [InlineData(10_000, 9_000, 0u, 1000, 1000)]
    [InlineData(1000, 600, 0u, 1460, 0)] // small buffer: half of it counts
    [InlineData(1000, 500, 0u, 1460, 500)]
    [InlineData(10_000, 4_000, 6_000u, 1000, 6_000)]
    [InlineData(10_000, 9_000, 6_000u, 1000, 6_000)] // a promise is kept
    public void Window_policy(long capacity, long unexamined, uint unused, int mss, int expected) =>
        Assert.Equal(
            expected,
            WindowPolicy.Next(new WindowFacts(capacity, unexamined, unused, mss, WindowScale.None)).Value);

    [Theory]
    [InlineData(20_000, 0, 12_000u, 12_000)] // a promise is kept and does not grow
    [InlineData(20_000, 0, 3_500u, 3_500)] // less than a segment more: not yet
    [InlineData(20_000, 0, 3_000u, 4_000)]
    [InlineData(20_000, 0, 0u, 4_000)] // a few segments are always left
    [InlineData(20_000, 19_000, 0u, 1_000)] // unless the reader does not read
    public void Window_under_pressure(long capacity, long unexamined, uint unused, int expected) => Assert.Equal(
        expected,
        WindowPolicy.Next(new WindowFacts(capacity, unexamined, unused, 1000, WindowScale.None, true)).Value);

    [Fact]
    public void Window_stops_growing_while_memory_is_short_and_grows_again()
    {
        TcbBench bench = TcbBench.Established(TcbBench.Defaults(receiveBuffer: 20_000));
        Chunk hog = bench.Pool.Rent((int)(bench.Pool.Budget * 7 / 8));
        uint edge = 21_001;
        uint next = 1001;
        while (next < 41_001)
        {
            bench.Arrives($"<SEQ={next}><CTL=ACK><LEN=1000>").Reads(1000);
            next += 1000;
            edge = RightEdge(bench, edge);
            Assert.InRange(edge, 21_001u, Math.Max(21_001, next + 4000));
        }

        Assert.InRange(edge, next + 2000, next + 4000);
        bench.Pool.Return(hog);
        bench.Arrives($"<SEQ={next}><CTL=ACK><LEN=1000>").Reads(1000).AfterMs(50);
        Assert.Equal(next + 21_000, RightEdge(bench, edge));
    }

    [Fact]
    [Rfc("9293 §3.8.6", "MUST-34", "SHLD-15")]
    [Rfc("5681 §2", "R5681-1")]
    [Rfc("7323 §2.4", "R7323-30")]
    public void Window_that_shrinks_stops_new_text() => TcbBench.Established()
        .Writes(20_000).Sends("<SEQ=101><CTL=ACK><LEN=1000>")
        .Arrives("<SEQ=1001><ACK=101><CTL=ACK><WND=500>").Silent();

    [Fact]
    [Rfc("9293 §3.8.6", "SHLD-16", "SHLD-17")]
    public void Text_beyond_a_shrunken_window_is_sent_again_within_it_and_never_times_out()
    {
        TcbBench bench = TcbBench.Established(TcbBench.Defaults(r2: 3)).Writes(3000);
        Assert.Equal(3, bench.Drain().Count);
        bench.Arrives("<SEQ=1001><ACK=101><CTL=ACK><WND=0>");
        for (int i = 0; i < 30; i++)
        {
            bench.ToDeadline();
            SegmentPlan plan = Assert.Single(bench.Drain());
            Assert.Equal(new SeqNumber(101), plan.Seq);
            Assert.Equal(1, plan.PayloadLength);
            bench.Arrives("<SEQ=1001><ACK=101><CTL=ACK><WND=0>").State(TcpState.Established);
        }

        bench.Arrives("<SEQ=1001><ACK=101><CTL=ACK><WND=65535>");
        bench.ToDeadline();
        Assert.NotEmpty(bench.Drain());
    }

    [Fact]
    public void Old_segment_does_not_change_the_window()
    {
        TcbBench bench = TcbBench.Established().Arrives("<SEQ=1001><CTL=ACK><LEN=10><WND=5000>");
        bench.Drain();
        bench.Arrives("<SEQ=1011><CTL=ACK><LEN=10><WND=4000>");
        bench.Drain();
        Assert.Equal(4000, bench.Report.PeerWindow);
        bench.Arrives("<SEQ=1005><CTL=ACK><LEN=20><WND=9000>");
        Assert.Equal(4000, bench.Report.PeerWindow);
    }

    [Fact]
    public void Refused_text_is_not_acknowledged()
    {
        TcbBench bench = TcbBench.Established();
        bench.Receive.Abandon();
        bench.Arrives("<SEQ=1001><CTL=ACK><LEN=10>").Sends("<ACK=1001><CTL=ACK>");
    }

    [Theory]
    [Rfc("9293 §3.8.6", "SHLD-14")]
    [InlineData(8000, 8)]
    [InlineData(8001, 7)]
    public void A_promise_is_rounded_up_until_an_eighth_of_the_buffer_is_overdrawn(long unexamined, int expected)
    {
        var facts = new WindowFacts(8000, unexamined, 1000, 1460, new WindowScale(7));

        Assert.Equal(expected, WindowPolicy.Next(facts).Value);
    }
}
