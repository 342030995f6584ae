using UserTcp.Primitives;
using UserTcp.Tcp;
using UserTcp.Tests.Support;

namespace UserTcp.Tests.Tcp;

/// <summary>What once kept text waiting, or gave up too early.</summary>
public sealed class StallTests
{
    [Fact]
    [Rfc("9293 §3.8.6.2.1", "MUST-38")]
    public void Override_of_silly_window_avoidance_fires_though_the_peer_keeps_sending()
    {
        TcbBench bench = TcbBench.Established().Writes(2000);
        bench.Drain();
        bench.Arrives("<SEQ=1001><ACK=2101><CTL=ACK><WND=100>").Writes(1000).Silent();
        for (uint seq = 1001; seq < 1001 + 10 * 50; seq += 50)
        {
            bench.AfterMs(50).Arrives($"<SEQ={seq}><ACK=2101><CTL=ACK><LEN=50>");
            bench.Drain();
        }

        Assert.Equal(new SeqNumber(2201), bench.LastSeqEnd);
    }

    [Fact]
    [Rfc("9293 §3.8.6", "MUST-66")]
    public void Window_update_is_heard_through_two_closed_windows()
    {
        // Both windows are shut and both sides probe: the peer's number is one beyond what we promised.
        TcbBench bench = TcbBench.Established(TcbBench.Defaults(receiveBuffer: 1000));
        bench.Arrives("<SEQ=1001><CTL=ACK><LEN=1000><WND=0>").Sends("<SEQ=101><ACK=2001><CTL=ACK><WND=0>")
            .Writes(3000).Silent();
        bench.ToDeadline();
        bench.Sends("<SEQ=101><CTL=ACK><LEN=1>")
            .Arrives("<SEQ=2001><ACK=101><CTL=ACK><LEN=1><WND=0>").Sends("<SEQ=102><ACK=2001><CTL=ACK><WND=0>")
            .Arrives("<SEQ=2002><ACK=101><CTL=ACK><WND=5000>")
            .Sends("<SEQ=101><CTL=ACK><LEN=1000>").Sends("<SEQ=1101><CTL=ACK><LEN=1000>");
    }

    [Fact]
    public void Ack_of_a_peer_that_used_its_window_up_is_heard_though_some_of_it_was_lost()
    {
        TcbBench bench = TcbBench.Established(TcbBench.Defaults(receiveBuffer: 2000)).Writes(1000);
        bench.Drain();
        bench.Arrives("<SEQ=2001><ACK=101><CTL=ACK><LEN=1000>").Sends("<SEQ=1101><ACK=1001><CTL=ACK>")
            .Arrives("<SEQ=3001><ACK=1101><CTL=ACK>").Silent();
        Assert.Equal(0, bench.Send.Unacknowledged);
    }

    [Fact]
    public void Acks_far_beyond_the_window_are_not_heard()
    {
        TcbBench bench = TcbBench.Established(TcbBench.Defaults(receiveBuffer: 2000)).Writes(1000);
        bench.Drain();
        bench.Arrives("<SEQ=3003><ACK=1101><CTL=ACK>").Sends("<SEQ=1101><ACK=1001><CTL=ACK>").Silent();
        Assert.Equal(1000, bench.Send.Unacknowledged);
    }

    [Fact]
    public void Fin_waits_behind_a_probe_and_leaves_with_it_when_the_window_opens()
    {
        TcbBench bench = TcbBench.Established().Arrives("<SEQ=1001><ACK=101><CTL=ACK><WND=0>").Writes(1)
            .Calls(UserCall.Close).Silent();
        for (int i = 0; i < 10; i++)
        {
            bench.ToDeadline();
            bench.Sends("<SEQ=101><CTL=ACK,PSH><LEN=1>").Silent().Arrives("<SEQ=1001><ACK=101><CTL=ACK><WND=0>");
        }

        bench.Arrives("<SEQ=1001><ACK=101><CTL=ACK><WND=5000>").Sends("<SEQ=101><CTL=FIN,ACK,PSH><LEN=1>").Silent()
            .Arrives("<SEQ=1001><ACK=103><CTL=ACK>").State(TcpState.FinWait2);
    }

    [Fact]
    [Rfc("9293 §3.8.3", "MUST-21")]
    public void User_timeout_counts_from_the_text_that_waits_and_not_from_earlier_text()
    {
        TcbBench bench = TcbBench.Established(TcbBench.Defaults(userTimeout: TimeSpan.FromSeconds(10))).Writes(100);
        bench.Drain();
        bench.AfterMs(100).Arrives("<SEQ=1001><ACK=201><CTL=ACK>").Silent()
            .AfterMs(9800).Writes(100);
        bench.Drain();
        bench.AfterMs(190).Arrives("<SEQ=1001><ACK=201><CTL=ACK>").AfterMs(5).State(TcpState.Established);
        bench.AfterMs(500).State(TcpState.Established);
    }

    [Fact]
    public void User_timeout_that_is_set_while_text_waits_holds_for_it()
    {
        TcbBench bench = TcbBench.Established().Writes(100);
        bench.Drain();
        bench.Changes(live => live with { UserTimeout = TimeSpan.FromMilliseconds(100) })
            .AfterMs(101).ClosedBy(UserTcpCloseReason.TimedOut);
    }

    [Fact]
    [Rfc("9293 §3.8.4", "MUST-26")]
    public void Keep_alive_that_is_answered_before_it_left_does_not_swallow_an_ack()
    {
        TcbBench bench = TcbBench.Established(TcbBench.Defaults(keepAlive: true));
        bench.After(bench.Config.Live.KeepAliveTime).Arrives("<SEQ=1001><CTL=ACK><LEN=10>")
            .Sends("<SEQ=101><ACK=1011><CTL=ACK>").Silent();
    }

    [Fact]
    public void Reset_after_a_refused_probe_has_the_number_that_the_peer_waits_for()
    {
        TcbBench bench = TcbBench.Established().Arrives("<SEQ=1001><ACK=101><CTL=ACK><WND=0>").Writes(3000).Silent();
        bench.ToDeadline();
        bench.Sends("<SEQ=101><CTL=ACK><LEN=1>").Arrives("<SEQ=1001><ACK=101><CTL=ACK><WND=0>")
            .Calls(UserCall.Abort).Sends("<SEQ=101><ACK=1001><CTL=RST,ACK>");
    }
}
