using UserTcp.Primitives;
using UserTcp.Tcp;
using UserTcp.Tests.Support;

namespace UserTcp.Tests.Tcp;

public sealed class CloseTests
{
    [Fact]
    public void Active_close_passes_both_fin_wait_states_into_time_wait() => TcbBench.Established() // Figure 12
        .Calls(UserCall.Close).State(TcpState.FinWait1)
        .Sends("<SEQ=101><ACK=1001><CTL=FIN,ACK>").Silent()
        .Arrives("<SEQ=1001><ACK=102><CTL=ACK>").State(TcpState.FinWait2)
        .Saw(Effects.OutputAcknowledged)
        .Arrives("<SEQ=1001><ACK=102><CTL=FIN,ACK>")
        .Sends("<SEQ=102><ACK=1002><CTL=ACK>").Silent()
        .State(TcpState.TimeWait).ClosedBy(UserTcpCloseReason.Graceful);

    [Fact]
    public void Passive_close_passes_close_wait_and_last_ack() => TcbBench.Established()
        .Arrives("<SEQ=1001><CTL=FIN,ACK>").State(TcpState.CloseWait).EndOfStream()
        .Sends("<SEQ=101><ACK=1002><CTL=ACK>")
        .Calls(UserCall.Close).State(TcpState.LastAck)
        .Sends("<SEQ=101><ACK=1002><CTL=FIN,ACK>")
        .Arrives("<SEQ=1002><ACK=102><CTL=ACK>")
        .State(TcpState.Closed).ClosedBy(UserTcpCloseReason.Graceful).Silent();

    [Fact]
    public void Simultaneous_close_passes_closing() => TcbBench.Established() // Figure 13
        .Calls(UserCall.Close).Sends("<SEQ=101><ACK=1001><CTL=FIN,ACK>")
        .Arrives("<SEQ=1001><ACK=101><CTL=FIN,ACK>").State(TcpState.Closing)
        .Sends("<SEQ=102><ACK=1002><CTL=ACK>")
        .Arrives("<SEQ=1002><ACK=102><CTL=ACK>")
        .State(TcpState.TimeWait).ClosedBy(UserTcpCloseReason.Graceful);

    [Fact]
    public void Fin_once_more_in_closing_brings_the_ACK_of_ours() => TcbBench.Established()
        .Calls(UserCall.Close).Sends("<SEQ=101><ACK=1001><CTL=FIN,ACK>")
        .Arrives("<SEQ=1001><ACK=101><CTL=FIN,ACK>").State(TcpState.Closing)
        .Sends("<SEQ=102><ACK=1002><CTL=ACK>")
        .Arrives("<SEQ=1001><ACK=102><CTL=FIN,ACK>")
        .Sends("<SEQ=102><ACK=1002><CTL=ACK>")
        .State(TcpState.TimeWait).ClosedBy(UserTcpCloseReason.Graceful);

    [Fact]
    public void Fin_that_acknowledges_ours_goes_straight_to_time_wait() => TcbBench.In(TcpState.FinWait1)
        .Arrives("<SEQ=1001><ACK=102><CTL=FIN,ACK>")
        .State(TcpState.TimeWait)
        .Sends("<SEQ=102><ACK=1002><CTL=ACK>");

    [Fact]
    public void Fin_follows_what_is_queued() => TcbBench.Established()
        .Writes(2500).Calls(UserCall.Close)
        .Sends("<SEQ=101><CTL=ACK><LEN=1000>")
        .Sends("<SEQ=1101><CTL=ACK><LEN=1000>")
        .Sends("<SEQ=2101><CTL=FIN,PSH,ACK><LEN=500>").Silent();

    [Fact]
    public void Half_close_lets_the_other_direction_go_on() => TcbBench.In(TcpState.FinWait2)
        .Arrives("<SEQ=1001><ACK=102><CTL=ACK><LEN=1000>").Sends("<SEQ=102><ACK=2001><CTL=ACK>")
        .Reads(1000)
        .Arrives("<SEQ=2001><ACK=102><CTL=FIN,ACK>").State(TcpState.TimeWait);

    [Fact]
    public void Half_closed_by_the_peer_still_sends() => TcbBench.In(TcpState.CloseWait)
        .Writes(1500).Sends("<SEQ=101><CTL=ACK><LEN=1000>").Sends("<SEQ=1101><CTL=PSH,ACK><LEN=500>")
        .Arrives("<SEQ=1002><ACK=1601><CTL=ACK>").Silent().State(TcpState.CloseWait);

    [Fact]
    public void FinWithData() => TcbBench.Established()
        .Arrives("<SEQ=1001><CTL=FIN,PSH,ACK><LEN=100>")
        .State(TcpState.CloseWait)
        .Sends("<SEQ=101><ACK=1102><CTL=ACK>")
        .Reads(100).EndOfStream();

    [Fact]
    public void Fin_before_its_text_is_remembered() => TcbBench.Established()
        .Arrives("<SEQ=2001><CTL=FIN,ACK><LEN=100>").State(TcpState.Established)
        .Sends("<SEQ=101><ACK=1001><CTL=ACK>")
        .Arrives("<SEQ=1001><CTL=ACK><LEN=1000>").State(TcpState.CloseWait)
        .Sends("<SEQ=101><ACK=2102><CTL=ACK>")
        .Reads(1100).EndOfStream();

    [Fact]
    public void Fin_that_contradicts_received_text_is_ignored() => TcbBench.Established()
        .Arrives("<SEQ=3001><CTL=ACK><LEN=100>").Sends("<ACK=1001><CTL=ACK>")
        .Arrives("<SEQ=1001><CTL=FIN,ACK><LEN=10>").State(TcpState.Established)
        .Sends("<ACK=1011><CTL=ACK>");

    [Fact]
    public void Lost_fin_is_sent_again() => TcbBench.In(TcpState.FinWait1)
        .After(TimeSpan.FromSeconds(1))
        .Sends("<SEQ=101><CTL=FIN,ACK><RETX=1>").Silent();

    [Theory]
    [InlineData(TcpState.CloseWait)]
    [InlineData(TcpState.Closing)]
    [InlineData(TcpState.LastAck)]
    public void Repeated_fin_is_acknowledged_again(object state)
    {
        TcbBench bench = TcbBench.In((TcpState)state);
        bench.Arrives("<SEQ=1001><ACK=101><CTL=FIN,ACK>");
        Assert.Contains(bench.Drain(), plan => plan.Ack == new SeqNumber(1002));
        bench.State((TcpState)state);
    }

    [Theory]
    [InlineData(TcpState.SynReceived)]
    [InlineData(TcpState.Established)]
    [InlineData(TcpState.FinWait1)]
    [InlineData(TcpState.FinWait2)]
    [InlineData(TcpState.CloseWait)]
    public void Abort_sends_a_reset(object state)
    {
        TcbBench bench = TcbBench.In((TcpState)state).Calls(UserCall.Abort);
        SegmentPlanAssert.IsReset(Assert.Single(bench.Drain()), bench.LastSeqEnd);
        bench.State(TcpState.Closed).ClosedBy(UserTcpCloseReason.ResetByLocal);
    }

    [Theory]
    [InlineData(TcpState.SynSent)]
    [InlineData(TcpState.Closing)]
    [InlineData(TcpState.LastAck)]
    public void Abort_needs_no_reset_where_the_peer_has_all(object state) => TcbBench.In((TcpState)state)
        .Calls(UserCall.Abort).Silent().State(TcpState.Closed);

    [Fact]
    [Rfc("9293 §3.6.1", "SHLD-3", "MAY-1")]
    public void Detaching_with_unread_octets_resets() => TcbBench.Established()
        .Arrives("<SEQ=1001><CTL=ACK><LEN=10>").Sends("<ACK=1011><CTL=ACK>")
        .Calls(UserCall.Detach)
        .Sends("<SEQ=101><ACK=1011><CTL=RST,ACK>").Silent()
        .State(TcpState.Closed).ClosedBy(UserTcpCloseReason.ResetByLocal);

    [Fact]
    [Rfc("9293 §3.6.1", "SHLD-3")]
    public void Octets_that_arrive_after_detaching_reset() => TcbBench.Established()
        .Calls(UserCall.Detach).Sends("<SEQ=101><CTL=FIN,ACK>")
        .Arrives("<SEQ=1001><ACK=102><CTL=ACK><LEN=10>")
        .Sends("<SEQ=102><CTL=RST,ACK>").State(TcpState.Closed);

    [Fact]
    public void Detaching_closes_in_good_order() => TcbBench.Established()
        .Writes(100).Calls(UserCall.Detach)
        .Sends("<SEQ=101><CTL=FIN,PSH,ACK><LEN=100>")
        .Arrives("<SEQ=1001><ACK=202><CTL=FIN,ACK>")
        .Sends("<SEQ=202><ACK=1002><CTL=ACK>").State(TcpState.TimeWait);

    [Fact]
    public void Orphan_in_fin_wait_2_ends_after_a_minute()
    {
        TcbBench bench = TcbBench.Established().Calls(UserCall.Detach).Sends("<SEQ=101><CTL=FIN,ACK>");
        bench.Elapse(TimeSpan.FromMilliseconds(50)).Arrives("<SEQ=1001><ACK=102><CTL=ACK>").State(TcpState.FinWait2);
        Assert.Equal(TimeSpan.FromSeconds(60), bench.ToDeadline());
        bench.Sends("<SEQ=102><CTL=RST,ACK>").State(TcpState.Closed).ClosedBy(UserTcpCloseReason.TimedOut);
    }

    [Fact]
    public void Fin_wait_2_lasts_as_long_as_the_application_reads() => TcbBench.In(TcpState.FinWait2)
        .After(TimeSpan.FromHours(5)).State(TcpState.FinWait2);

    [Fact]
    public void Orphan_with_a_closed_window_ends_after_a_minute_in_all()
    {
        TcbBench bench = TcbBench.Established(window: 0).Writes(100).Calls(UserCall.Detach).Silent();
        Instant start = bench.Now;
        while (bench.Tcb.State != TcpState.Closed)
        {
            bench.ToDeadline();
            if (bench.Drain().Count > 0 && bench.Tcb.State != TcpState.Closed)
                bench.Arrives("<SEQ=1001><ACK=101><CTL=ACK><WND=0>");
            Assert.True(bench.Now - start <= TimeSpan.FromSeconds(61));
        }

        bench.ClosedBy(UserTcpCloseReason.TimedOut);
        Assert.Equal(TimeSpan.FromSeconds(60), bench.Now - start);
    }

    [Fact]
    [Rfc("9293 §3.6", "MUST-12")]
    public void Reset_by_the_peer_is_told_to_the_application() => TcbBench.Established()
        .Arrives("<SEQ=1001><CTL=RST>")
        .State(TcpState.Closed).ClosedBy(UserTcpCloseReason.ResetByPeer)
        .Saw(Effects.Closed | Effects.Readable | Effects.Writable);

    [Fact]
    public void Closed_input_throws_octets_away_and_acknowledges_them()
    {
        TcbBench bench = TcbBench.Established();
        bench.Receive.CloseReader(isViewReleased: true);
        bench.Calls(UserCall.CloseInput);
        for (uint seq = 1001; seq < 300_001; seq += 1000)
        {
            bench.Arrives($"<SEQ={seq}><CTL=ACK><LEN=1000>");
            bench.Drain();
        }

        Assert.InRange(bench.Report.ReceiveWindow, 63_000, 65_535);
        bench.Writes(10).Sends("<SEQ=101><ACK=300001><CTL=PSH,ACK><LEN=10>");
    }

    [Fact]
    public void Stack_stop_resets_with_its_own_reason() => TcbBench.Established()
        .Calls(UserCall.StackStopped).Sends("<SEQ=101><CTL=RST,ACK>")
        .ClosedBy(UserTcpCloseReason.StackStopped);

    [Fact]
    public void Link_loss_closes_without_a_segment() => TcbBench.Established()
        .Calls(UserCall.LinkDown).Silent().ClosedBy(UserTcpCloseReason.LinkDown);

    [Fact]
    public void The_loss_of_the_address_closes_without_a_segment() => TcbBench.Established()
        .Calls(UserCall.AddressLost).Silent().ClosedBy(UserTcpCloseReason.AddressLost);

    [Fact]
    public void Close_before_the_handshake_ends_is_kept() => TcbBench.In(TcpState.SynReceived)
        .Writes(10).Calls(UserCall.Close).Silent()
        .Arrives("<SEQ=1001><ACK=101><CTL=ACK>").State(TcpState.FinWait1)
        .Sends("<SEQ=101><CTL=FIN,PSH,ACK><LEN=10>");
}
