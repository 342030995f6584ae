using UserTcp.Primitives;
using UserTcp.Tcp;
using UserTcp.Tests.Support;

namespace UserTcp.Tests.Tcp;

public sealed class SegmentArrivesTests
{
    [Fact]
    public void Text_that_comes_once_more_brings_its_news_of_ours()
    {
        TcbBench bench = TcbBench.Established()
            .Arrives("<SEQ=1001><ACK=101><CTL=ACK><LEN=1000>").Writes(500);
        bench.Drain();
        bench.Arrives("<SEQ=1001><ACK=601><CTL=ACK><LEN=1000>").Sends("<SEQ=601><ACK=2001><CTL=ACK>");
        Assert.Equal(0, bench.Report.BytesOutstanding);
    }

    [Fact]
    public void Text_older_than_the_last_brings_no_news()
    {
        TcbBench bench = TcbBench.Established()
            .Arrives("<SEQ=1001><ACK=101><CTL=ACK><LEN=1000>").Writes(500);
        bench.Drain();
        bench.Arrives("<SEQ=1001><ACK=601><CTL=ACK><LEN=999>").Sends("<SEQ=601><ACK=2001><CTL=ACK>");
        Assert.Equal(500, bench.Report.BytesOutstanding);
    }

    [Fact]
    [Rfc("5681 §4.2", "R5681-16")]
    public void LostAckFlight_OldDataIsReAcked()
    {
        // The ACKs of a flight were lost; the peer sends it again. Every copy is answered, whatever a limiter says.
        ChallengeBudget exhausted = TcbBench.Challenges(perConnection: 0);
        TcbBench bench = TcbBench.Established(TcbBench.Defaults(challengeBudget: exhausted));

        for (uint seq = 1001; seq < 11_001; seq += 1000)
        {
            bench.Arrives($"<SEQ={seq}><CTL=ACK><LEN=1000>").Sends($"<ACK={seq + 1000}><CTL=ACK>");
        }

        for (uint seq = 1001; seq < 11_001; seq += 1000)
        {
            bench.Arrives($"<SEQ={seq}><CTL=ACK><LEN=1000>").Sends("<ACK=11001><CTL=ACK>").Silent();
        }
    }

    [Fact]
    [Rfc("9293 §3.10.7.4", "SHLD-31", "MAY-13")]
    [Rfc("5681 §3.2", "R5681-9", "R5681-10")]
    public void Out_of_order_text_is_kept_and_each_segment_owes_a_duplicate_ack() => TcbBench.Settled()
        .Arrives("<SEQ=12001><CTL=ACK><LEN=1000>")
        .Arrives("<SEQ=13001><CTL=ACK><LEN=1000>")
        .Arrives("<SEQ=14001><CTL=ACK><LEN=1000>")
        .Sends("<ACK=11001><CTL=ACK>").Sends("<ACK=11001><CTL=ACK>").Sends("<ACK=11001><CTL=ACK>").Silent()
        .Arrives("<SEQ=11001><CTL=ACK><LEN=1000>")
        .Sends("<ACK=15001><CTL=ACK>").Silent()
        .Reads(4000);

    [Fact]
    [Rfc("9293 §3.10.7.4", "MUST-58", "MUST-59")]
    public void Hole_that_is_filled_in_the_same_batch_costs_one_ack() => TcbBench.Settled()
        .Arrives("<SEQ=12001><CTL=ACK><LEN=1000>")
        .Arrives("<SEQ=13001><CTL=ACK><LEN=1000>")
        .Arrives("<SEQ=11001><CTL=ACK><LEN=1000>")
        .Sends("<ACK=14001><CTL=ACK>").Silent();

    [Fact]
    [Rfc("9293 §3.10.7.4", "MUST-58", "MUST-59")]
    [Rfc("5681 §4.2", "R5681-16")]
    public void Batch_of_in_order_segments_costs_one_ack()
    {
        TcbBench bench = TcbBench.Settled();
        for (uint seq = 11_001; seq < 31_001; seq += 1000)
        {
            bench.Arrives($"<SEQ={seq}><CTL=ACK><LEN=1000>");
        }

        bench.Sends("<ACK=31001><CTL=ACK>").Silent();
    }

    [Fact]
    public void Duplicate_acks_of_one_turn_are_bounded()
    {
        TcbBench bench = TcbBench.Settled();
        for (int i = 0; i < 200; i++)
        {
            bench.Arrives("<SEQ=12001><CTL=ACK><LEN=1000>");
        }

        Assert.Equal(64, bench.Drain().Count);
    }

    [Fact]
    public void Duplicate_acks_repeat_the_same_window()
    {
        TcbBench bench = TcbBench.Settled();
        bench.Arrives("<SEQ=11001><CTL=ACK><LEN=1000>").Arrives("<SEQ=12001><CTL=ACK><LEN=1000>");
        ushort before = Assert.Single(bench.Drain()).Window.Value;
        bench.Reads(2000).Arrives("<SEQ=14001><CTL=ACK><LEN=10>").Arrives("<SEQ=15001><CTL=ACK><LEN=10>");
        Assert.All(bench.Drain(), plan => Assert.Equal(before, plan.Window.Value));
    }

    [Theory]
    [InlineData(1001u, 1000)] // below the window
    [InlineData(900_000u, 1000)] // beyond it
    public void Unacceptable_segment_with_text_is_acknowledged_and_dropped(uint seq, int length) => TcbBench.Settled()
        .Arrives($"<SEQ={seq}><CTL=ACK><LEN={length}>").Sends("<SEQ=101><ACK=11001><CTL=ACK>").Silent();

    [Fact]
    public void Unacceptable_segments_without_text_are_acknowledged_within_the_limit()
    {
        TcbBench bench = TcbBench.Established(TcbBench.Defaults(challengeBudget: TcbBench.Challenges(3)));
        int answers = 0;
        for (int i = 0; i < 10; i++)
        {
            bench.Arrives("<SEQ=500000><CTL=ACK>");
            answers += bench.Drain().Count;
        }

        Assert.Equal(3, answers);
    }

    [Fact]
    public void Keep_alive_probe_of_the_peer_is_always_answered()
    {
        ChallengeBudget exhausted = TcbBench.Challenges(perConnection: 0);
        TcbBench bench = TcbBench.Established(TcbBench.Defaults(challengeBudget: exhausted));
        bench.Arrives("<SEQ=1000><CTL=ACK>").Sends("<SEQ=101><ACK=1001><CTL=ACK>");
        bench.Arrives("<SEQ=1000><CTL=ACK><LEN=1>").Sends("<SEQ=101><ACK=1001><CTL=ACK>");
    }

    [Fact]
    public void Overlapping_text_is_taken_once() => TcbBench.Established()
        .Arrives("<SEQ=1001><CTL=ACK><LEN=1000>").Sends("<ACK=2001><CTL=ACK>")
        .Arrives("<SEQ=1501><CTL=ACK><LEN=1000>").Sends("<ACK=2501><CTL=ACK>")
        .Readable(1500).Reads(1500);

    [Fact]
    public void Text_beyond_the_window_is_cut() => TcbBench.Established(TcbBench.Defaults(receiveBuffer: 1500))
        .Arrives("<SEQ=1001><CTL=ACK><LEN=1000>").Sends("<ACK=2001><CTL=ACK><WND=500>")
        .Arrives("<SEQ=2001><CTL=ACK><LEN=1000>").Sends("<ACK=2501><CTL=ACK><WND=0>")
        .Reads(1500);

    [Fact]
    [Rfc("9293 §3.4", "MUST-66")]
    public void Zero_window_still_takes_acks_urgent_pointers_and_resets()
    {
        TcbBench bench = TcbBench.Established(TcbBench.Defaults(receiveBuffer: 1000)).Writes(500)
            .Sends("<SEQ=101><CTL=PSH,ACK><LEN=500>")
            .Arrives("<SEQ=1001><ACK=101><CTL=ACK><LEN=1000>").Sends("<ACK=2001><CTL=ACK><WND=0>");
        bench.Arrives("<SEQ=2001><ACK=301><CTL=ACK,URG><LEN=10><UP=5>").Sends("<ACK=2001><CTL=ACK><WND=0>")
            .Saw(Effects.Urgent);
        Assert.Equal(300, bench.Send.Unacknowledged);
        bench.Arrives("<SEQ=2001><CTL=RST>").State(TcpState.Closed);
    }

    [Theory]
    [InlineData(TcpState.Established)]
    [InlineData(TcpState.FinWait1)]
    [InlineData(TcpState.FinWait2)]
    [InlineData(TcpState.CloseWait)]
    [InlineData(TcpState.Closing)]
    [InlineData(TcpState.LastAck)]
    [Rfc("9293 §3.10.7.4", "MAY-12")]
    [Rfc("5961 §3.2", "R5961-1")]
    public void Exact_reset_resets_in_every_state(object state)
    {
        TcbBench bench = TcbBench.In((TcpState)state);
        uint next = (TcpState)state is TcpState.CloseWait or TcpState.Closing or TcpState.LastAck ? 1002u : 1001u;
        bench.Arrives($"<SEQ={next}><CTL=RST>").Silent()
            .State(TcpState.Closed).ClosedBy(UserTcpCloseReason.ResetByPeer);
    }

    [Theory]
    [InlineData(1002u)]
    [InlineData(30_000u)]
    [Rfc("5961 §3.2", "R5961-2")]
    public void Reset_elsewhere_in_the_window_is_challenged(uint seq) => TcbBench.Established() // RFC 5961 §3.2
        .Arrives($"<SEQ={seq}><CTL=RST>").Sends("<SEQ=101><ACK=1001><CTL=ACK>").Silent().State(TcpState.Established);

    [Theory]
    [InlineData(1000u)]
    [InlineData(70_000u)]
    [Rfc("9293 §3.10.7.4")]
    [Rfc("5961 §3.2", "R5961-3")]
    public void Reset_beyond_the_window_is_dropped_in_silence(uint seq) => TcbBench.Established()
        .Arrives($"<SEQ={seq}><CTL=RST>").Silent().State(TcpState.Established);

    [Fact]
    [Rfc("9293 §3.5.3", "SHLD-2")]
    public void Reset_may_carry_text() => TcbBench.Established()
        .Arrives("<SEQ=1001><CTL=RST,ACK><LEN=20>").State(TcpState.Closed).Readable(0);

    [Theory]
    [InlineData(1000u)]
    [InlineData(1001u)]
    [InlineData(900_000u)]
    [Rfc("5961 §4.2", "R5961-4")]
    public void Syn_in_a_synchronized_state_is_challenged(uint seq) => TcbBench.Established() // RFC 5961 §4.2
        .Arrives($"<SEQ={seq}><CTL=SYN>").Sends("<SEQ=101><ACK=1001><CTL=ACK>").Silent().State(TcpState.Established);

    [Fact]
    // RFC 9293 §3.5.1, Figure 10: the peer crashed
    public void Half_open_connection_is_discovered() => TcbBench.Established()
        .Arrives("<SEQ=400><CTL=SYN>").Sends("<SEQ=101><ACK=1001><CTL=ACK>")
        .Arrives("<SEQ=1001><CTL=RST>").State(TcpState.Closed).ClosedBy(UserTcpCloseReason.ResetByPeer);

    [Fact]
    public void Segment_without_ack_is_dropped() => TcbBench.Established()
        .Arrives("<SEQ=1001><CTL=PSH><LEN=10>").Silent().Readable(0);

    [Fact]
    [Rfc("5961 §5.2", "R5961-5")]
    public void Ack_of_octets_never_sent_is_challenged() => TcbBench.Established()
        .Arrives("<SEQ=1001><ACK=5000><CTL=ACK><LEN=10>").Sends("<SEQ=101><ACK=1001><CTL=ACK>").Silent().Readable(0);

    [Fact]
    [Rfc("5961 §5.2", "R5961-5")]
    public void Ack_far_below_the_window_is_challenged() => TcbBench.Established() // RFC 5961 §5.2
        .Arrives($"<SEQ=1001><ACK={unchecked(101u - 70_000)}><CTL=ACK><LEN=10>")
        .Sends("<SEQ=101><ACK=1001><CTL=ACK>").Silent().Readable(0);

    [Fact]
    public void Old_ack_with_text_still_delivers_the_text() => TcbBench.Established()
        .Writes(1000).Sends("<SEQ=101><CTL=PSH,ACK><LEN=1000>")
        .Arrives("<SEQ=1001><ACK=1101><CTL=ACK>")
        .Arrives("<SEQ=1001><ACK=101><CTL=ACK><LEN=10>").Readable(10);

    [Fact]
    public void Unacceptable_ack_in_syn_received_is_reset() => TcbBench.In(TcpState.SynReceived)
        .Arrives("<SEQ=1001><ACK=500><CTL=ACK>").Sends("<SEQ=500><CTL=RST>").State(TcpState.SynReceived);

    [Theory]
    [InlineData("SYN,FIN")]
    [InlineData("SYN,RST")]
    [InlineData("FIN,SYN,RST,PSH,ACK,URG,ECE,CWR")]
    [InlineData("FIN,PSH,URG")]
    [InlineData("")]
    public void Nonsense_flags_do_no_harm(string flags) => TcbBench.Established()
        .Arrives($"<SEQ=1005><CTL={flags}><LEN=3>").State(TcpState.Established).Readable(0);

    [Fact]
    public void Sequence_numbers_wrap()
    {
        var config = TcbBench.Defaults();
        TcbBench bench = TcbBench.SynSent(config)
            .Arrives("<SEQ=4294967290><ACK=101><CTL=SYN,ACK><MSS=1000>").Sends("<SEQ=101><ACK=4294967291><CTL=ACK>");
        bench.Arrives("<SEQ=4294967291><CTL=ACK><LEN=10>").Sends("<ACK=5><CTL=ACK>");
        bench.Arrives("<SEQ=5><CTL=FIN,ACK>").Sends("<ACK=6><CTL=ACK>").State(TcpState.CloseWait).Readable(10);
    }

    [Fact]
    [Rfc("9293 §3.1", "MUST-1", "REC-1")]
    public void Window_is_unsigned_and_wide()
    {
        TcbBench bench = TcbBench.Established(TcbBench.Defaults(scaling: true, sendBuffer: 1 << 30),
            "<MSS=1000><WS=14>");
        bench.Arrives("<SEQ=1001><ACK=101><CTL=ACK><WND=65535>");
        Assert.Equal(65535L << 14, bench.Report.PeerWindow);
    }

    [Fact]
    [Rfc("9293 §3.1", "MUST-1")]
    public void Window_with_the_top_bit_set_is_large_not_negative() => TcbBench.Established()
        .Arrives("<SEQ=1001><ACK=101><CTL=ACK><WND=65535>").Writes(1000)
        .Sends("<SEQ=101><CTL=PSH,ACK><LEN=1000>");

    [Fact]
    public void Every_kind_of_text_survives_random_order_overlap_and_repetition()
    {
        var random = new Random(7);
        for (int round = 0; round < 50; round++)
        {
            TcbBench bench = TcbBench.Established(TcbBench.Defaults(sack: true), "<MSS=1000><SACKOK>");
            long end = 1001;
            while (end < 41_001)
            {
                long seq = Math.Max(1001, end + random.Next(-4000, 4000));
                int length = random.Next(1, 3000);
                bench.Arrives($"<SEQ={seq}><CTL=ACK><LEN={length}>");
                if (random.Next(4) == 0)
                    bench.Drain();
                end = 1001 + bench.Receive.ContiguousEnd;
                if (random.Next(8) == 0)
                    bench.Reads((int)bench.Receive.Unconsumed);
            }

            bench.Reads((int)bench.Receive.Unconsumed);
        }
    }
}
