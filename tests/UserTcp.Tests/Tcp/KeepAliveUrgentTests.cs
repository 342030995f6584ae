using UserTcp.Primitives;
using UserTcp.Tcp;
using UserTcp.Tests.Support;

namespace UserTcp.Tests.Tcp;

public sealed class KeepAliveTests
{
    private static TcbBench WithKeepAlive() => TcbBench.Established(TcbBench.Defaults(keepAlive: true));

    [Fact]
    [Rfc("9293 §3.8.4", "MUST-25")]
    public void Keep_alive_is_off_by_default()
    {
        Assert.False(new TcpConfig().Live.KeepAlive);
        TcbBench bench = TcbBench.Established().After(TimeSpan.FromDays(30)).Silent();
        bench.State(TcpState.Established);
    }

    [Fact]
    [Rfc("9293 §3.8.4", "MUST-24", "MUST-26", "MUST-28", "SHLD-12", "MAY-5")]
    public void Idle_connection_is_probed_after_two_hours_without_text()
    {
        TcbBench bench = WithKeepAlive();
        Assert.Equal(TimeSpan.FromHours(2), bench.ToDeadline());
        bench.Sends("<SEQ=100><ACK=1001><CTL=ACK>").Silent()
            .Arrives("<SEQ=1001><ACK=101><CTL=ACK>").State(TcpState.Established);
    }

    [Fact]
    [Rfc("9293 §3.8.4", "MUST-26")]
    public void Traffic_postpones_the_probe()
    {
        TcbBench bench = WithKeepAlive().After(TimeSpan.FromHours(1)).Arrives("<SEQ=1001><CTL=ACK><LEN=1>");
        bench.Drain();
        bench.After(TimeSpan.FromHours(1.5)).Silent().After(TimeSpan.FromHours(0.5)).Sends("<SEQ=100><CTL=ACK>");
    }

    [Fact]
    [Rfc("9293 §3.8.4", "MUST-29", "MUST-27")]
    public void Nine_unanswered_probes_end_the_connection()
    {
        TcbBench bench = WithKeepAlive();
        int probes = 0;
        Instant first = default;
        while (bench.Tcb.State == TcpState.Established)
        {
            bench.ToDeadline();
            probes += bench.Drain().Count(plan => plan.Flags == UserTcp.Wire.TcpFlags.Ack);
            first = probes == 1 ? bench.Now : first;
        }

        Assert.Equal(9, probes);
        Assert.Equal(TimeSpan.FromSeconds(9 * 75), bench.Now - first);
        bench.ClosedBy(UserTcpCloseReason.KeepAliveTimedOut);
    }

    [Fact]
    [Rfc("9293 §3.8.4", "MUST-29")]
    public void One_answer_out_of_nine_is_enough()
    {
        TcbBench bench = WithKeepAlive();
        for (int i = 0; i < 100; i++)
        {
            bench.ToDeadline();
            bench.Drain();
            if (i % 8 == 7)
                bench.Arrives("<SEQ=1001><ACK=101><CTL=ACK>");
        }

        bench.State(TcpState.Established);
    }

    [Fact]
    [Rfc("9293 §3.8.4", "MUST-24", "MUST-27")]
    public void Keep_alive_can_be_switched_on_later_with_its_own_interval()
    {
        TcbBench bench = TcbBench.Established()
            .Changes(live => live with { KeepAlive = true, KeepAliveTime = TimeSpan.FromSeconds(10) });
        Assert.Equal(TimeSpan.FromSeconds(10), bench.ToDeadline());
        bench.Sends("<SEQ=100><CTL=ACK>");
    }
}

public sealed class UrgentTests
{
    [Fact]
    [Rfc("9293 §3.8.5", "MUST-30", "MUST-31", "MUST-32", "MUST-33", "MUST-62")]
    public void Urgent_data_is_received_in_line_and_its_end_is_told()
    {
        TcbBench bench = TcbBench.Established()
            .Arrives("<SEQ=1001><CTL=ACK,URG><LEN=100><UP=50>").Saw(Effects.Urgent | Effects.Readable);
        Assert.Equal(50, bench.Tcb.UrgentPosition);
        Assert.Equal(50, bench.Tcb.UrgentBytes);
        bench.Reads(20);
        Assert.Equal(30, bench.Tcb.UrgentBytes);
        bench.Reads(80);
        Assert.Equal(0, bench.Tcb.UrgentBytes);
    }

    [Fact]
    [Rfc("9293 §3.8.5", "MUST-31", "MUST-32")]
    public void Urgent_pointer_may_run_ahead_of_the_text_and_move_on()
    {
        TcbBench bench = TcbBench.Established()
            .Arrives("<SEQ=1001><CTL=ACK,URG><UP=60000>").Saw(Effects.Urgent)
            .Arrives("<SEQ=1001><CTL=ACK,URG><LEN=10><UP=500>").DidNotSee(Effects.Urgent); // the larger one holds
        Assert.Equal(60_000, bench.Tcb.UrgentPosition);
        bench.Arrives("<SEQ=1011><CTL=ACK,URG><LEN=10><UP=65535>").Saw(Effects.Urgent);
        Assert.Equal(65_545, bench.Tcb.UrgentPosition);
    }

    [Fact]
    [Rfc("9293 §3.8.5", "MUST-30", "MUST-31", "MUST-62")]
    public void Sent_pointer_indicates_the_octet_after_the_urgent_data() => TcbBench.Established()
        .Writes(1500, urgent: true)
        .Sends("<SEQ=101><CTL=ACK,URG><LEN=1000><UP=1500>")
        .Sends("<SEQ=1101><CTL=PSH,ACK,URG><LEN=500><UP=500>")
        .Writes(100).Sends("<SEQ=1601><CTL=PSH,ACK><LEN=100>");
}
