using UserTcp.Primitives;
using UserTcp.Tcp;
using UserTcp.Tests.Support;

namespace UserTcp.Tests.Tcp;

public sealed class HandshakeTests
{
    [Fact]
    public void Simultaneous_open_begins_with_the_whole_initial_window() => TcbBench.SynSent() // RFC 5681 §3.1
        .Arrives("<SEQ=1000><CTL=SYN><MSS=1000>").Sends("<SEQ=100><ACK=1001><CTL=SYN,ACK>")
        .Arrives("<SEQ=1001><ACK=101><CTL=ACK><WND=65535>").State(TcpState.Established)
        .Writes(2000).Sends("<SEQ=101><CTL=ACK><LEN=1000>").Sends("<SEQ=1101><CTL=PSH,ACK><LEN=1000>").Silent();

    [Fact]
    [Rfc("9293 §3.5", "MUST-10")]
    public void Active_open_takes_three_segments() => TcbBench.Closed()
        .Calls(UserCall.Open)
        .Sends("<SEQ=100><CTL=SYN><WND=65535>").Silent()
        .State(TcpState.SynSent)
        .Arrives("<SEQ=1000><ACK=101><CTL=SYN,ACK><WND=5000><MSS=1000>")
        .Sends("<SEQ=101><ACK=1001><CTL=ACK>").Silent()
        .State(TcpState.Established)
        .Saw(Effects.Connected);

    [Fact]
    [Rfc("9293 §3.7.1", "MUST-14", "SHLD-5", "MAY-3", "MUST-67")]
    [Rfc("9293 §3.1", "MUST-4", "MUST-5")]
    [Rfc("7323 §2.2", "R7323-19")]
    [Rfc("7323 §3.2", "R7323-22")]
    public void Syn_carries_all_options_on_offer() =>
        TcbBench.Closed(TcbBench.Defaults(options: true, receiveBuffer: 1 << 20, mss: 1460))
        .Calls(UserCall.Open)
        .Sends("<SEQ=100><CTL=SYN><MSS=1460><WS=5><SACKOK=1><TS=1000000/0>");

    [Fact]
    [Rfc("9293 §3.7.1", "MUST-65")]
    [Rfc("2018 §2", "R2018-1")]
    public void Mss_is_sent_on_syn_segments_only() =>
        TcbBench.Established(TcbBench.Defaults(options: true), "<MSS=1000><SACKOK><WS=2><TS=7/1000000>")
        .Writes(100)
        .Sends("<SEQ=101><CTL=PSH,ACK><LEN=100><MSS=none><WS=none><SACKOK=0>");

    [Fact]
    public void Options_the_peer_did_not_answer_are_not_used() =>
        TcbBench.Established(TcbBench.Defaults(options: true), "<MSS=1000>")
        .Writes(100)
        .Sends("<SEQ=101><CTL=PSH,ACK><LEN=100><TS=none><SACK=none>");

    [Fact]
    [Rfc("7323 §2.2", "R7323-3")]
    public void Window_of_a_syn_is_never_scaled()
    {
        TcbBench bench = TcbBench.SynSent(TcbBench.Defaults(options: true))
            .Arrives("<SEQ=1000><ACK=101><CTL=SYN,ACK><WND=5000><MSS=1000><WS=7>").Sends("<CTL=ACK>");
        Assert.Equal(5000, bench.Report.PeerWindow);
        bench.Arrives("<SEQ=1001><CTL=ACK><WND=5000>");
        Assert.Equal(5000 << 7, bench.Report.PeerWindow);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_handshake_shows_no_delivery_rate(bool passive)
    {
        TcbBench bench = passive
            ? TcbBench.Passive().After(TimeSpan.FromMilliseconds(10)).Arrives("<SEQ=1001><ACK=101><CTL=ACK>")
            : TcbBench.Established();
        bench.State(TcpState.Established);
        Assert.Equal(0, bench.Report.DeliveryRate);

        bench.After(TimeSpan.FromSeconds(5)).Writes(1000).Sends("<CTL=PSH,ACK><LEN=1000>")
            .After(TimeSpan.FromMilliseconds(100)).Arrives("<SEQ=1001><ACK=1101><CTL=ACK>");
        Assert.Equal(10_000, bench.Report.DeliveryRate, tolerance: 100);
    }

    [Fact]
    [Rfc("9293 §3.5", "MUST-10")]
    public void Simultaneous_open_ends_in_one_connection() => TcbBench.SynSent()
        .Arrives("<SEQ=1000><CTL=SYN><WND=5000><MSS=1000>")
        .Sends("<SEQ=100><ACK=1001><CTL=SYN,ACK>").Silent()
        .State(TcpState.SynReceived)
        .Arrives("<SEQ=1000><ACK=101><CTL=SYN,ACK><WND=5000><MSS=1000>")
        .State(TcpState.Established)
        .Saw(Effects.Connected);

    [Fact]
    public void Only_the_second_syn_ack_of_a_simultaneous_open_is_a_retransmission()
    {
        TcbBench bench = TcbBench.SynSent()
            .Arrives("<SEQ=1000><CTL=SYN><WND=5000><MSS=1000>");
        Assert.False(Assert.Single(bench.Drain()).IsRetransmission);
        bench.After(TimeSpan.FromSeconds(3));
        Assert.True(Assert.Single(bench.Drain()).IsRetransmission);
        Assert.Equal(1, bench.Report.Counters.Retransmits);
    }

    [Fact]
    [Rfc("9293 §3.5", "MUST-10")]
    public void Simultaneous_open_also_ends_with_a_plain_ack() => TcbBench.In(TcpState.SynReceived)
        .Arrives("<SEQ=1001><ACK=101><CTL=ACK>")
        .State(TcpState.Established)
        .Writes(10)
        .Sends("<SEQ=101><ACK=1001><CTL=PSH,ACK><LEN=10>");

    [Fact]
    [Rfc("9293 §3.5", "MUST-11")]
    public void Reset_in_syn_received_of_an_active_open_refuses() => TcbBench.In(TcpState.SynReceived)
        .Arrives("<SEQ=1001><CTL=RST>")
        .State(TcpState.Closed)
        .ClosedBy(UserTcpCloseReason.Refused)
        .Silent();

    [Fact]
    public void Refusal_closes_with_its_reason() => TcbBench.SynSent()
        .Arrives("<SEQ=0><ACK=101><CTL=RST,ACK>")
        .State(TcpState.Closed)
        .ClosedBy(UserTcpCloseReason.Refused);

    [Fact]
    public void Reset_without_acceptable_ack_is_ignored_in_syn_sent() => TcbBench.SynSent()
        .Arrives("<SEQ=0><CTL=RST>").Silent().State(TcpState.SynSent)
        .Arrives("<SEQ=0><ACK=99><CTL=RST,ACK>").Silent().State(TcpState.SynSent)
        .Arrives("<SEQ=0><ACK=102><CTL=RST,ACK>").Silent().State(TcpState.SynSent);

    [Theory]
    [InlineData(100)]
    [InlineData(102)]
    [InlineData(50)]
    public void Unacceptable_ack_in_syn_sent_is_reset(uint ack) => TcbBench.SynSent()
        .Arrives($"<SEQ=1000><ACK={ack}><CTL=SYN,ACK>")
        .Sends($"<SEQ={ack}><CTL=RST>").Silent()
        .State(TcpState.SynSent);

    [Fact]
    public void Segment_without_syn_is_dropped_in_syn_sent() => TcbBench.SynSent()
        .Arrives("<SEQ=1000><ACK=101><CTL=ACK>").Silent().State(TcpState.SynSent);

    [Fact]
    public void Text_and_fin_of_a_syn_ack_are_processed() => TcbBench.SynSent()
        .Arrives("<SEQ=1000><ACK=101><CTL=SYN,ACK,FIN><LEN=5><MSS=1000>")
        .State(TcpState.CloseWait)
        .Sends("<SEQ=101><ACK=1007><CTL=ACK>")
        .Readable(5).EndOfStream().Reads(5);

    [Fact]
    public void Old_duplicate_syn_ack_is_reset_and_the_open_recovers() => TcbBench.SynSent() // RFC 9293 §3.5, Figure 9
        .Arrives("<SEQ=90><ACK=90><CTL=SYN,ACK>").Sends("<SEQ=90><CTL=RST>")
        .Arrives("<SEQ=1000><ACK=101><CTL=SYN,ACK><MSS=1000>").Sends("<SEQ=101><ACK=1001><CTL=ACK>")
        .State(TcpState.Established);

    [Fact]
    [Rfc("9293 §3.8.3", "MUST-22")]
    [Rfc("9293 §3.8.2", "MUST-19")]
    public void Syn_is_sent_again_with_growing_patience()
    {
        TcbBench bench = TcbBench.SynSent();
        foreach (int seconds in (int[])[1, 2, 4, 8])
        {
            Assert.Equal(TimeSpan.FromSeconds(seconds), bench.ToDeadline());
            bench.Sends("<SEQ=100><CTL=SYN><RETX=1>").Silent();
        }
    }

    [Fact]
    [Rfc("9293 §3.8.3", "MUST-23", "MUST-22")]
    public void Open_is_given_up_after_three_minutes()
    {
        TcbBench bench = TcbBench.SynSent();
        Instant start = bench.Now;
        while (bench.Tcb.State == TcpState.SynSent)
        {
            bench.ToDeadline();
            bench.Drain();
        }

        bench.ClosedBy(UserTcpCloseReason.TimedOut);
        Assert.Equal(TimeSpan.FromSeconds(180), bench.Now - start);
    }

    [Fact]
    [Rfc("6928 §2", "R6928-2")]
    public void Lost_syn_leaves_one_segment_of_initial_window()
    {
        TcbBench bench = TcbBench.SynSent();
        bench.ToDeadline();
        bench.Sends("<SEQ=100><CTL=SYN>").Arrives("<SEQ=1000><ACK=101><CTL=SYN,ACK><MSS=1000>").Sends("<CTL=ACK>");
        Assert.Equal(1000, bench.Report.CongestionWindow);
    }

    [Fact]
    [Rfc("6928 §2", "R6928-1")]
    [Rfc("5681 §3.1", "R5681-3")]
    public void Initial_window_is_ten_segments() =>
        Assert.Equal(10_000, TcbBench.Established().Report.CongestionWindow);

    [Fact]
    [Rfc("6928 §2", "R6928-1")]
    public void Initial_window_is_bounded_in_octets() =>
        Assert.Equal(2 * 8960, TcbBench.Established(TcbBench.Defaults(mss: 8960), "<MSS=8960>")
            .Report.CongestionWindow);

    [Fact]
    public void Data_written_before_the_handshake_is_kept() => TcbBench.SynSent()
        .Writes(300).Silent()
        .Arrives("<SEQ=1000><ACK=101><CTL=SYN,ACK><MSS=1000>")
        .Sends("<SEQ=101><ACK=1001><CTL=PSH,ACK><LEN=300>").Silent();

    [Fact]
    [Rfc("9293 §3.7.1", "MUST-15")]
    public void Without_the_option_the_peer_gets_536_octets() => TcbBench.Established(synAck: "")
        .Writes(1000)
        .Sends("<SEQ=101><CTL=ACK><LEN=536>")
        .Sends("<SEQ=637><CTL=PSH,ACK><LEN=464>");

    [Fact]
    [Rfc("9293 §3.7.1", "MUST-16")]
    public void Segment_size_subtracts_options_from_the_smaller_mss() =>
        TcbBench.Established(TcbBench.Defaults(timestamps: true, mss: 1460), "<MSS=1000><TS=7/1000000>")
            .Writes(2000)
            .Sends("<SEQ=101><CTL=ACK><LEN=988>")
            .Sends("<SEQ=1089><CTL=ACK><LEN=988>")
            .Sends("<SEQ=2077><CTL=PSH,ACK><LEN=24>");

    [Fact]
    [Rfc("9293 §3.7.1", "MUST-16")]
    public void Absurdly_small_mss_is_clamped() => TcbBench.Established(synAck: "<MSS=1>")
        .Writes(100)
        .Sends("<SEQ=101><CTL=ACK><LEN=48>");

    [Fact]
    public void Passive_open_completes_with_the_final_ack() => TcbBench.Passive()
        .Arrives("<SEQ=1001><ACK=101><CTL=ACK>")
        .State(TcpState.Established).Saw(Effects.Connected)
        .Writes(10).Sends("<SEQ=101><ACK=1001><CTL=PSH,ACK><LEN=10>");

    [Fact]
    public void Passive_open_takes_text_and_fin_of_the_final_ack() => TcbBench.Passive()
        .Arrives("<SEQ=1001><ACK=101><CTL=ACK,PSH,FIN><LEN=20>")
        .State(TcpState.CloseWait)
        .Sends("<SEQ=101><ACK=1022><CTL=ACK>")
        .Reads(20);

    [Fact]
    public void Cancelled_open_leaves_without_a_word() => TcbBench.SynSent()
        .Calls(UserCall.Detach).State(TcpState.Closed).Silent();

    [Fact]
    public void Syn_that_fell_due_in_the_turn_of_its_answer_is_not_sent() => TcbBench.SynSent()
        .After(TimeSpan.FromSeconds(1))
        .Arrives("<SEQ=1000><ACK=101><CTL=SYN,ACK><MSS=1000>")
        .Sends("<SEQ=101><ACK=1001><CTL=ACK>").Silent();
}
