using UserTcp.Primitives;
using UserTcp.Tcp;
using UserTcp.Tests.Support;
using UserTcp.Wire;

namespace UserTcp.Tests.Tcp;

/// <summary>ECN between one TCB and its peer: who may mark, what is echoed, and what an echo does (RFC 3168).</summary>
public class EcnTests
{
    private static readonly TcpConfig s_active = TcbBench.Defaults() with { Ecn = UserTcpEcnMode.Active };
    private static readonly TcpConfig s_passive = TcbBench.Defaults() with { Ecn = UserTcpEcnMode.Passive };
    private static readonly TcpConfig s_disabled = TcbBench.Defaults() with { Ecn = UserTcpEcnMode.Disabled };

    private static PassiveOpen Opening(TcpConfig config, TcpFlags more = TcpFlags.Ece | TcpFlags.Cwr) =>
        PassiveOpen.FromSyn(config, Syn(more), new SeqNumber(100), 0, new Instant(1));

    private static TcpSegment Syn(TcpFlags more) => new()
    {
        Seq = new SeqNumber(1000), Flags = TcpFlags.Syn | more, Window = new WireWindow(65_535),
    };

    private static TcbBench Agreed() => TcbBench.Established(s_active);

    [Fact, Rfc("3168 §6.1.1"), Rfc("9293 §3.8.2", "SHLD-8")]
    [Rfc("3168 §5", "R3168-1")]
    [Rfc("8311 §4.2", "R8311-2")]
    public void An_active_open_asks_and_a_SYN_ACK_with_ECE_alone_agrees()
    {
        TcbBench bench = Agreed();
        Assert.True(bench.Report.HasEcn);
        bench.Writes(1000).Sends("<SEQ=101><CTL=ACK,PSH><LEN=1000><ECN=Ect0>");
    }

    [Theory, Rfc("3168 §6.1.1.2")]
    [InlineData("SYN,ACK")]
    [InlineData("SYN,ACK,ECE,CWR")] // a mirror of our own bits
    [InlineData("SYN,ACK,CWR")]
    [Rfc("3168 §6.1.1", "R3168-5", "R3168-9")]
    public void Any_other_SYN_ACK_refuses(string flags)
    {
        TcbBench bench = TcbBench.EcnSynSent(s_active)
            .Arrives($"<SEQ=1000><ACK=101><CTL={flags}><MSS=1000>").Sends("<CTL=ACK>").State(TcpState.Established);
        Assert.False(bench.Report.HasEcn);
        bench.Writes(1000).Sends("<CTL=ACK,PSH><LEN=1000><ECN=NotEct>")
            .Arrives("<SEQ=1001><CTL=ACK><LEN=100><ECN=Ce>").Sends("<ACK=1101><CTL=ACK>");
    }

    [Fact, Rfc("3168 §6.1.1.1")]
    [Rfc("3168 §6.1.1", "R3168-5", "R3168-7")]
    public void A_repeated_SYN_does_not_ask_and_then_nothing_we_send_is_marked_as_capable()
    {
        TcbBench bench = TcbBench.EcnSynSent(s_active).AfterMs(1000).Sends("<SEQ=100><CTL=SYN><RETX=1>")
            .Arrives("<SEQ=1000><ACK=101><CTL=SYN,ACK,ECE><MSS=1000>").Sends("<CTL=ACK>");
        bench.Writes(1000).Sends("<SEQ=101><CTL=ACK,PSH><LEN=1000><ECN=NotEct>");

        // But what we promised as a receiver with the first SYN holds.
        bench.Arrives("<SEQ=1001><CTL=ACK><LEN=100><ECN=Ce>").Sends("<ACK=1101><CTL=ACK,ECE>");
    }

    [Theory, Rfc("3168 §6.1.1", "R3168-4", "R3168-8", "R3168-9", "R3168-10")]
    [InlineData(UserTcpEcnMode.Active, true, true, true)]
    [InlineData(UserTcpEcnMode.Passive, true, true, true)]
    [InlineData(UserTcpEcnMode.Disabled, true, true, false)]
    [InlineData(UserTcpEcnMode.Active, false, false, false)]
    [InlineData(UserTcpEcnMode.Passive, true, false, false)]
    [InlineData(UserTcpEcnMode.Passive, false, true, false)]
    [Rfc("8311 §4.3", "R8311-3")]
    public void A_passive_open_agrees_when_it_is_asked_and_never_refuses_the_SYN(
        UserTcpEcnMode mode, bool ece, bool cwr, bool agrees)
    {
        TcpFlags asked = (ece ? TcpFlags.Ece : TcpFlags.None) | (cwr ? TcpFlags.Cwr : TcpFlags.None);
        PassiveOpen opening = Opening(TcbBench.Defaults() with { Ecn = mode }, asked);
        SegmentPlan synAck = opening.SynAck(new Instant(2));
        Assert.Equal(TcpFlags.Syn | TcpFlags.Ack | (agrees ? TcpFlags.Ece : TcpFlags.None), synAck.Flags);
        Assert.Equal(EcnCodepoint.NotEct, synAck.Ecn);
        Assert.Equal(agrees, opening.Ecn.MaySend);
    }

    [Fact, Rfc("3168 §6.1.1.1")]
    [Rfc("3168 §6.1.1", "R3168-21")]
    public void A_SYN_that_is_repeated_without_the_offer_takes_it_back()
    {
        PassiveOpen opening = Opening(s_passive);
        Assert.True(opening.SynAck(new Instant(2)).Flags.HasFlag(TcpFlags.Ece));
        Assert.Equal(PassiveVerdict.ReplySynAck, opening.OnSegmentArrives(Syn(TcpFlags.None), new Instant(3)));
        Assert.Equal(TcpFlags.Syn | TcpFlags.Ack, opening.SynAck(new Instant(4)).Flags);
        Assert.False(opening.Ecn.MaySend);
        Assert.False(opening.Ecn.IsAgreed);
    }

    [Fact]
    public void A_passive_open_marks_its_text_as_capable()
    {
        TcbBench bench = TcbBench.Passive(s_passive, "<CTL=ECE,CWR><MSS=1000>")
            .Arrives("<SEQ=1001><ACK=101><CTL=ACK>").State(TcpState.Established);
        Assert.True(bench.Report.HasEcn);
        bench.Writes(10).Sends("<SEQ=101><CTL=ACK,PSH><LEN=10><ECN=Ect0>");
    }

    [Fact, Rfc("3168 §6.1.1")]
    public void Two_that_open_at_once_and_both_ask_agree()
    {
        TcbBench bench = TcbBench.EcnSynSent(s_active).Arrives("<SEQ=1000><CTL=SYN,ECE,CWR><WND=65535><MSS=1000>")
            .Sends("<SEQ=100><ACK=1001><CTL=SYN,ACK,ECE>")
            .Arrives("<SEQ=1000><ACK=101><CTL=SYN,ACK,ECE><WND=65535>").State(TcpState.Established);
        bench.Drain();
        bench.Writes(10).Sends("<CTL=ACK,PSH><LEN=10><ECN=Ect0>");
    }

    [Theory]
    [InlineData(UserTcpEcnMode.Passive)]
    [InlineData(UserTcpEcnMode.Disabled)]
    [Rfc("3168 §6.1.1", "R3168-4", "R3168-8")]
    public void Who_did_not_ask_does_not_agree_in_a_simultaneous_open(UserTcpEcnMode mode)
    {
        TcbBench bench = TcbBench.SynSent(TcbBench.Defaults() with { Ecn = mode })
            .Arrives("<SEQ=1000><CTL=SYN,ECE,CWR><WND=65535><MSS=1000>")
            .Sends("<SEQ=100><ACK=1001><CTL=SYN,ACK>");
        Assert.False(bench.Report.HasEcn);
    }

    [Fact]
    public void Without_an_agreement_echoes_mean_nothing()
    {
        TcbBench bench = TcbBench.Established(s_disabled);
        long before = bench.Report.CongestionWindow;
        bench.Writes(4000);
        bench.Drain();
        bench.Arrives("<SEQ=1001><ACK=2101><CTL=ACK,ECE>");
        Assert.True(bench.Report.CongestionWindow >= before);
        Assert.Equal(0, bench.Report.Counters.EcnEchoes);
    }

    [Fact, Rfc("3168 §6.1.3", "R3168-15")]
    [Rfc("3168 §6.1.1", "R3168-7")]
    [Rfc("3168 §6.1.4", "R3168-16")]
    [Rfc("8311 §4.3", "R8311-3")]
    public void From_a_mark_on_every_ACK_says_so_until_CWR_arrives()
    {
        TcbBench bench = Agreed();
        bench.Arrives("<SEQ=1001><CTL=ACK><LEN=100><ECN=Ect0>").Sends("<ACK=1101><CTL=ACK>")
            .Arrives("<SEQ=1101><CTL=ACK><LEN=100><ECN=Ce>").Sends("<ACK=1201><CTL=ACK,ECE><ECN=NotEct>")
            .Arrives("<SEQ=1201><CTL=ACK><LEN=100><ECN=Ect0>").Sends("<ACK=1301><CTL=ACK,ECE>");
        bench.Writes(10).Sends("<SEQ=101><ACK=1301><CTL=PSH,ACK,ECE><LEN=10><ECN=Ect0>");
        bench.Arrives("<SEQ=1301><CTL=ACK,CWR><LEN=100><ECN=Ect0>").Sends("<ACK=1401><CTL=ACK>")
            .Arrives("<SEQ=1401><CTL=ACK,CWR><LEN=100><ECN=Ce>").Sends("<ACK=1501><CTL=ACK,ECE>");
        Assert.Equal(2, bench.Report.CeMarksReceived);
    }

    [Fact, Rfc("8257 §3.2")]
    public void The_first_mark_and_CWR_are_acknowledged_at_once_however_few_octets_they_come_with()
    {
        TcbBench bench = TcbBench.Settled(s_active);
        bench.Arrives("<SEQ=11001><CTL=ACK><LEN=10><ECN=Ect0>").Silent()
            .Arrives("<SEQ=11011><CTL=ACK><LEN=10><ECN=Ce>").Sends("<ACK=11021><CTL=ACK,ECE>")
            .Arrives("<SEQ=11021><CTL=ACK><LEN=10><ECN=Ce>").Silent()
            .Arrives("<SEQ=11031><CTL=ACK,CWR><LEN=10><ECN=Ect0>").Sends("<ACK=11041><CTL=ACK>");
    }

    [Fact, Rfc("3168 §6.1.3")]
    public void A_marked_segment_out_of_order_is_echoed_on_its_duplicate_ACK()
    {
        TcbBench bench = Agreed();
        bench.Arrives("<SEQ=1101><CTL=ACK><LEN=100><ECN=Ce>").Sends("<ACK=1001><CTL=ACK,ECE>");
        Assert.Equal(1, bench.Report.CeMarksReceived);
    }

    [Theory, Rfc("3168 §6.1.5", "R3168-18")]
    [InlineData("<SEQ=901><CTL=ACK><LEN=100><ECN=Ce>")]   // behind the window
    [InlineData("<SEQ=90000><CTL=ACK><LEN=100><ECN=Ce>")] // beyond it
    public void Marks_outside_the_window_are_ignored(string segment)
    {
        TcbBench bench = Agreed();
        bench.Arrives(segment).Sends("<ACK=1001><CTL=ACK>");
        Assert.Equal(0, bench.Report.CeMarksReceived);
    }

    [Fact, Rfc("3168 §6.1.6", "R3168-20")]
    public void The_mark_of_a_window_probe_counts()
    {
        TcbBench bench = TcbBench.Established(
            TcbBench.Defaults(receiveBuffer: 1000) with { Ecn = UserTcpEcnMode.Active });
        bench.Arrives("<SEQ=1001><CTL=ACK><LEN=1000>").Sends("<ACK=2001><CTL=ACK><WND=0>")
            .Arrives("<SEQ=2001><CTL=ACK><LEN=1><ECN=Ce>").Sends("<ACK=2001><CTL=ACK,ECE><WND=0>");
    }

    [Fact, Rfc("3168 §6.1.4")]
    public void A_marked_pure_ACK_is_no_mark()
    {
        TcbBench bench = Agreed();
        bench.Arrives("<SEQ=1001><CTL=ACK><ECN=Ce>").Silent()
            .Arrives("<SEQ=1001><CTL=ACK><LEN=100>").Sends("<ACK=1101><CTL=ACK>");
    }

    [Fact, Rfc("3168 §6.1.2", "R3168-11", "R3168-12", "R3168-14")]
    [Rfc("3168 §5", "R3168-2")]
    [Rfc("3168 §6.1.1", "R3168-6")]
    public void An_echo_halves_the_window_once_in_a_round_trip_and_CWR_leaves_on_the_first_new_text()
    {
        TcbBench bench = Agreed();
        bench.Writes(40_000);
        Assert.Equal(10, bench.Drain().Count);
        bench.Arrives("<SEQ=1001><ACK=1101><CTL=ACK,ECE>");
        long reduced = bench.Report.CongestionWindow;
        Assert.Equal(5000, reduced); // half of what was outstanding
        bench.Arrives("<SEQ=1001><ACK=2101><CTL=ACK,ECE>").Silent()
            .Arrives("<SEQ=1001><ACK=5101><CTL=ACK,ECE>").Silent();
        Assert.Equal(reduced, bench.Report.CongestionWindow);
        Assert.Equal(1, bench.Report.Counters.EcnReductions);
        Assert.Equal(3, bench.Report.Counters.EcnEchoes);

        bench.Arrives("<SEQ=1001><ACK=6101><CTL=ACK,ECE>").Sends("<SEQ=10101><CTL=ACK,CWR><LEN=1000><ECN=Ect0>")
            .Arrives("<SEQ=1001><ACK=7101><CTL=ACK,ECE>").Sends("<SEQ=11101><CTL=ACK><LEN=1000><ECN=Ect0>")
            .Arrives("<SEQ=1001><ACK=10101><CTL=ACK,ECE>"); // the receiver has not seen CWR yet
        Assert.Equal(reduced, bench.Report.CongestionWindow);
        bench.Drain();
        bench.Arrives("<SEQ=1001><ACK=11101><CTL=ACK,ECE>"); // it has: this is a new mark
        Assert.True(bench.Report.CongestionWindow < reduced);
        Assert.Equal(2, bench.Report.Counters.EcnReductions);
    }

    [Fact, Rfc("3168 §6.1.2", "R3168-12")]
    public void Echoes_do_not_reduce_what_a_loss_has_reduced_already_and_CWR_tells_of_the_loss()
    {
        TcbBench bench = Agreed();
        bench.Writes(40_000);
        bench.Drain();
        for (int i = 0; i < 3; i++)
        {
            bench.Arrives("<SEQ=1001><ACK=101><CTL=ACK,ECE>");
        }

        Assert.Equal(1, bench.Report.Counters.EcnReductions); // the first echo; the loss lies in the same window
        bench.Sends("<SEQ=101><CTL=ACK><LEN=1000><RETX=1><ECN=NotEct>");
    }

    [Fact, Rfc("3168 §6.1.5", "R3168-17"), Rfc("3168 §6.1.2", "R3168-14")]
    [Rfc("8311 §4.3", "R8311-3")]
    public void Retransmissions_carry_neither_ECT_nor_CWR()
    {
        TcbBench bench = Agreed();
        bench.Writes(1000).Sends("<SEQ=101><CTL=ACK,PSH><LEN=1000><ECN=Ect0>").ToDeadline();
        bench.Sends("<SEQ=101><CTL=ACK,PSH><LEN=1000><RETX=1><ECN=NotEct>");
        bench.Writes(1000).Arrives("<SEQ=1001><ACK=1101><CTL=ACK>")
            .Sends("<SEQ=1101><CTL=ACK,PSH,CWR><LEN=1000><RETX=0><ECN=Ect0>");
    }

    [Fact, Rfc("3168 §6.1.6", "R3168-19")]
    [Rfc("8311 §4.3", "R8311-3")]
    public void A_window_probe_carries_neither_ECT_nor_CWR()
    {
        TcbBench bench = Agreed();
        bench.Arrives("<SEQ=1001><CTL=ACK><WND=0>").Writes(10).Silent();
        bench.ToDeadline();
        bench.Sends("<SEQ=101><LEN=1><CTL=ACK><ECN=NotEct>");
        bench.Arrives("<SEQ=1001><ACK=101><CTL=ACK><WND=1000>")
            .Sends("<SEQ=101><LEN=10><CTL=ACK,PSH><ECN=NotEct>"); // its first octet was sent before
    }

    [Fact, Rfc("3168 §6.1.2", "R3168-11", "R3168-13")]
    [Rfc("9438 §4.6", "R9438-15")]
    public void With_a_window_of_one_segment_an_echo_makes_the_sender_wait_for_the_retransmission_timer()
    {
        TcbBench bench = Agreed();
        bench.Writes(1000).Sends("<SEQ=101><CTL=ACK,PSH><LEN=1000>").ToDeadline();
        bench.Sends("<SEQ=101><CTL=ACK,PSH><LEN=1000><RETX=1>");
        bench.Writes(3000).Arrives("<SEQ=1001><ACK=1101><CTL=ACK,ECE>"); // an old mark: no reduction, no growth
        Assert.Equal(1000, bench.Report.CongestionWindow);
        bench.Sends("<SEQ=1101><CTL=ACK,CWR><LEN=1000>").Silent().Arrives("<SEQ=1001><ACK=2101><CTL=ACK,ECE>").Silent();
        Assert.Equal(1000, bench.Report.CongestionWindow);

        TimeSpan wait = bench.Report.RetransmitTimeout;
        bench.After(wait - TimeSpan.FromMilliseconds(1)).Silent();
        bench.AfterMs(1).Sends("<SEQ=2101><CTL=ACK,CWR><LEN=1000>");
        Assert.Equal(1, bench.Report.Counters.Timeouts); // the wait was none
    }

    [Theory]
    [InlineData(1, 0, 0.2)]
    [InlineData(2, 0.03, 0.1)]
    [InlineData(3, 0.05, 0.5)]
    [InlineData(4, 0, 1)]
    public void Transfers_end_over_a_wire_that_marks_and_loses(int seed, double loss, double mark)
    {
        TcpConfig settings = TcbBench.Defaults(options: true, gso: 8000) with { Ecn = UserTcpEcnMode.Active };
        var pair = new TcbPair(
            seed, new WireFaults(Loss: loss, Mark: mark, JitterMs: 1), settings, settings, 300_000, 200_000);
        pair.Run(simultaneous: seed % 2 == 1, TimeSpan.FromMinutes(30));
        TcbReport left = pair.Left.Tcb!.Describe(pair.Now), right = pair.Right.Tcb!.Describe(pair.Now);
        Assert.True(left.Counters.EcnReductions > 1 && right.Counters.EcnReductions > 1);
        Assert.True(left.CeMarksReceived + right.CeMarksReceived <= pair.Marked);
        Assert.True(left.CeMarksReceived > 0 && right.CeMarksReceived > 0);
    }
}
