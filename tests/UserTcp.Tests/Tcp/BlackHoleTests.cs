using UserTcp.Primitives;
using UserTcp.Tcp;
using UserTcp.Tests.Support;

namespace UserTcp.Tests.Tcp;

/// <summary>A path that swallows large segments and says nothing (RFC 4821, RFC 8899).</summary>
public class BlackHoleTests
{
    private static readonly TcpConfig s_settings =
        TcbBench.Defaults(mss: 1460, sack: true, receiveBuffer: 1 << 20, sendBuffer: 4 << 20, scaling: true);

    private static readonly TimeSpan s_rtt = TimeSpan.FromMilliseconds(100);

    // RTO without a sample: 1 s, 2 s, 4 s, …
    private static TcbBench Established(TcpConfig? config = null) =>
        TcbBench.Established(config ?? s_settings, "<MSS=1460><SACKOK><WS=7>", window: 65_535);

    private static TcbBench Distant() => TcbBench.SynSent(s_settings with { Pacing = false }).Elapse(s_rtt)
        .Arrives("<SEQ=1000><ACK=101><CTL=SYN,ACK><WND=65535><MSS=1460><SACKOK><WS=7>").Sends("<CTL=ACK>");

    private static TcbBench Timeout(TcbBench bench)
    {
        long before = bench.Report.Counters.Timeouts;
        for (int i = 0; bench.Report.Counters.Timeouts == before; i++)
        {
            Assert.True(i < 5, "no timeout");
            bench.ToDeadline();
            if (bench.Report.Counters.Timeouts == before)
                bench.Drain(); // a tail loss probe
        }

        return bench;
    }

    /// <summary>In flight twice without an answer, and then in small segments.</summary>
    private static TcbBench Doubting(TcbBench? start = null)
    {
        TcbBench bench = (start ?? Established()).Writes(14_600);
        bench.Drain();
        Timeout(bench).Sends("<SEQ=101><CTL=ACK><LEN=1460><RETX=1>").Silent();
        return Timeout(bench).Sends("<SEQ=101><CTL=ACK><LEN=1160><RETX=1>").Silent();
    }

    [Fact, Rfc("4821 §7.7", "R4821-15")]
    [Rfc("4821 §7.1", "R4821-8")]
    [Rfc("8899 §3", "R8899-1")]
    [Rfc("8899 §4.3", "R8899-8")]
    public void After_two_timeouts_smaller_segments_are_tried_and_kept_when_they_arrive()
    {
        TcbBench bench = Doubting();
        Assert.Equal((1160, 1200), (bench.Report.SendSegmentSize, bench.Report.PathMtu));
        bench.DidNotSee(Effects.PathMtu).Arrives("<SEQ=1001><ACK=1261><CTL=ACK>").Saw(Effects.PathMtu);
        Assert.All(bench.Drain(), plan => Assert.InRange(plan.PayloadLength, 1, 1160));
        Assert.Equal(1160, bench.Report.SendSegmentSize);
    }

    [Fact]
    public void When_smaller_segments_do_not_help_the_size_is_restored()
    {
        TcbBench bench = Doubting();
        Timeout(bench).Sends("<SEQ=101><CTL=ACK><LEN=1160><RETX=1>");
        Timeout(bench).Sends("<SEQ=101><CTL=ACK><LEN=536><RETX=1>");
        Timeout(bench).Sends("<SEQ=101><CTL=ACK><LEN=536><RETX=1>");
        Timeout(bench);
        Assert.Equal(1460, bench.Report.SendSegmentSize);
        bench.Drain();
        Timeout(bench);
        Assert.Equal(1500, bench.Report.PathMtu);
        bench.DidNotSee(Effects.PathMtu).Arrives("<SEQ=1001><ACK=637><CTL=ACK>").DidNotSee(Effects.PathMtu);
        Assert.Equal(1460, bench.Report.SendSegmentSize);
    }

    [Fact]
    public void It_can_be_switched_off()
    {
        TcbBench bench = Established(s_settings with { BlackHoleDetection = false }).Writes(14_600);
        bench.Drain();
        for (int i = 0; i < 8; i++)
        {
            Timeout(bench).Sends("<SEQ=101><CTL=ACK><LEN=1460><RETX=1>");
        }
    }

    [Fact]
    public void Timeouts_with_progress_between_them_raise_no_doubt()
    {
        TcbBench bench = Established().Writes(14_600);
        bench.Drain();
        Timeout(bench).Sends("<SEQ=101><CTL=ACK><LEN=1460><RETX=1>").Arrives("<SEQ=1001><ACK=1561><CTL=ACK>");
        bench.Drain();
        Timeout(bench);
        Assert.Equal(1460, bench.Report.SendSegmentSize);
    }

    /// <summary>All of the first flight arrived in small segments; more is written.</summary>
    private static TcbBench Searching(int more, TcbBench? start = null)
    {
        TcbBench bench = Repaired(Doubting(start).AfterMs(50).Arrives("<SEQ=1001><ACK=1261><CTL=ACK>"));
        Assert.Equal(0, bench.Report.BytesInFlight);
        Assert.Equal(1160, bench.Report.SendSegmentSize);
        return bench.Writes(more);
    }

    private static TcbBench Repaired(TcbBench bench)
    {
        for (List<SegmentPlan> again = bench.Drain(); again.Count > 0; again = bench.Drain())
        {
            SegmentPlan last = again[^1];
            bench.AfterMs(50).Arrives($"<SEQ=1001><ACK={last.Seq + last.PayloadLength}><CTL=ACK>");
        }

        return bench;
    }

    [Fact]
    public void Large_segments_that_arrive_after_all_end_the_doubt()
    {
        TcbBench bench = Doubting().AfterMs(50).Arrives("<SEQ=1001><ACK=3021><CTL=ACK>").Saw(Effects.PathMtu);
        Assert.Equal(1460, bench.Report.SendSegmentSize);
    }

    [Fact, Rfc("4821 §7.4"), Rfc("4821 §7.6.1")]
    [Rfc("4821 §4", "R4821-4")]
    [Rfc("4821 §7.1", "R4821-8", "R4821-22")]
    public void A_probe_of_new_text_that_arrives_raises_the_size()
    {
        TcbBench bench = Searching(more: 20_000);
        SegmentPlan probe = bench.Drain()[0];
        Assert.Equal((1460, false), (probe.PayloadLength, probe.IsRetransmission));
        Assert.Equal(1160, bench.Report.SendSegmentSize);
        long window = bench.Report.CongestionWindow;
        bench.AfterMs(50).Saw(Effects.None).Arrives($"<SEQ=1001><ACK={probe.Seq + 1460}><CTL=ACK>")
            .Saw(Effects.PathMtu);
        Assert.InRange(bench.Report.CongestionWindow, window, window + 1460); // no more than the ACK lets it grow
        Assert.Equal((1460, 1500), (bench.Report.SendSegmentSize, bench.Report.PathMtu));
    }

    [Fact, Rfc("4821 §7.6.2")]
    [Rfc("4821 §4", "R4821-2")]
    [Rfc("8899 §3", "R8899-3", "R8899-7")]
    public void A_probe_that_alone_is_lost_is_sent_again_in_pieces_and_costs_no_window()
    {
        TcbBench bench = Searching(more: 60_000);
        long window = bench.Report.CongestionWindow;
        List<SegmentPlan> sent = bench.Drain();
        SeqNumber hole = sent[0].Seq, next = hole + 1460;
        Assert.Equal(1460, sent[0].PayloadLength);
        bench.AfterMs(50).Arrives($"<SEQ=1001><ACK={hole}><CTL=ACK><SACK={next}-{next + 3480}>");
        bench.AfterMs(50);
        List<SegmentPlan> again = [.. bench.Drain().Where(plan => plan.IsRetransmission)];
        Assert.Equal([1160, 300], again.Select(plan => plan.PayloadLength));
        Assert.Equal(1, bench.Report.Counters.FastRecoveries);
        bench.AfterMs(50).Arrives($"<SEQ=1001><ACK={bench.LastSeqEnd}><CTL=ACK>");
        Assert.True(bench.Report.CongestionWindow >= window, $"{bench.Report.CongestionWindow} < {window}");
        Assert.Equal(1160, bench.Report.SendSegmentSize);
        Assert.InRange(bench.AfterMs(500).Writes(20_000).Drain()[0].PayloadLength, 1161, 1459); // not the same again
    }

    /// <summary>With another loss beside it the probe is one as well.</summary>
    [Theory]
    [InlineData(0, 0)]
    [InlineData(1160, 1460 + 1160)]
    public void A_probe_that_alone_is_lost_is_told_to_nobody_as_a_loss(int beside, int told)
    {
        var control = new ListeningControl();
        TcbBench bench = Searching(more: 60_000, Established(s_settings with { CongestionControl = control }));
        SeqNumber hole = bench.Drain()[0].Seq, next = hole + 1460 + beside;
        control.Lost = 0;
        bench.AfterMs(50).Arrives($"<SEQ=1001><ACK={hole}><CTL=ACK><SACK={next}-{next + 3480}>");
        bench.AfterMs(50);
        Assert.Equal(1460 + beside, bench.Report.BytesLost); // found by now, and not sent again yet
        bench.Drain();
        bench.AfterMs(50).Arrives($"<SEQ=1001><ACK={bench.LastSeqEnd}><CTL=ACK>");
        Assert.Equal(told, control.Lost);
    }

    [Fact, Rfc("4821 §7.6.4", "R4821-14")]
    [Rfc("4821 §4", "R4821-1")]
    public void With_other_losses_beside_it_the_window_is_reduced()
    {
        TcbBench bench = Searching(more: 60_000);
        long window = bench.Report.CongestionWindow;
        List<SegmentPlan> sent = bench.Drain();
        SeqNumber hole = sent[0].Seq, next = hole + 1460 + 1160;
        bench.AfterMs(50).Arrives($"<SEQ=1001><ACK={hole}><CTL=ACK><SACK={next}-{next + 3480}>").AfterMs(50);
        bench.Drain();
        bench.AfterMs(50).Arrives($"<SEQ=1001><ACK={bench.LastSeqEnd}><CTL=ACK>");
        Assert.True(bench.Report.CongestionWindow < window, $"{bench.Report.CongestionWindow} ≥ {window}");
    }

    [Fact, Rfc("4821 §7.4", "R4821-13")]
    public void Without_enough_to_follow_there_is_no_probe()
    {
        TcbBench bench = Searching(more: 1460 + 3 * 1160 - 1);
        Assert.All(bench.Drain(), plan => Assert.True(plan.PayloadLength <= 1160));
    }

    [Fact, Rfc("4821 §7.4", "R4821-13")]
    public void While_something_is_missing_there_is_no_probe()
    {
        TcbBench bench = Searching(more: 3 * 1160);
        SeqNumber hole = bench.Drain()[0].Seq;
        bench.AfterMs(5).Arrives($"<SEQ=1001><ACK={hole}><CTL=ACK><SACK={hole + 1160}-{hole + 2320}>").Writes(60_000);
        Assert.All(bench.Drain(), plan => Assert.True(plan.PayloadLength <= 1160));
    }

    /// <summary>Five times as long as after one whose loss was noticed by what followed it.</summary>
    [Fact, Rfc("4821 §7.6.3", "R4821-18")]
    public void Probe_that_cost_a_timeout_is_not_followed_soon_by_another()
    {
        TcbBench bench = Searching(more: 6000, Distant());
        while (bench.Report.CongestionWindow < 4940)
        {
            Repaired(bench).Writes(6000);
        }

        Assert.Equal(1460, bench.Drain()[0].PayloadLength);
        Repaired(Timeout(bench));
        Assert.All(bench.Writes(20_000).Drain(), plan => Assert.True(plan.PayloadLength <= 1160));
    }

    /// <summary>New text waits for room for a path probe, but not when the flight's end is to be probed.</summary>
    [Fact, Rfc("8985 §7.3", "R8985-16")]
    public void Tail_probe_takes_new_text_that_waits_for_a_path_probe()
    {
        TcbBench bench = Repaired(Searching(more: 4640, Distant()));
        bench.Writes(4640).Drain();
        while (bench.Report.CongestionWindow - bench.Report.BytesInFlight >= 1460)
        {
            bench.Writes(1160).Drain();
        }

        uint next = bench.LastSeqEnd.Value;
        bench.Writes(60_000).Silent();
        bench.ToDeadline();
        bench.Sends($"<SEQ={next}><CTL=ACK><LEN=1160><RETX=0>");
    }

    [Theory]
    [InlineData(1, 1492, 1452)]
    [InlineData(2, 1420, 1380)]
    [InlineData(3, 1300, 1240)]
    [InlineData(4, 1100, 966)]
    [InlineData(5, 600, 536)]
    public void A_transfer_ends_and_the_size_of_the_path_is_found(int seed, int mtu, int expected)
    {
        TcpConfig settings = TcbBench.Defaults(
            sack: true, mss: 1460, receiveBuffer: 20_000, gso: 14_600);
        var pair = new TcbPair(seed, new WireFaults(Mtu: mtu), settings, settings, 3_000_000, 1_000_000);
        pair.Run(simultaneous: false, TimeSpan.FromMinutes(3));
        Assert.Equal(expected, pair.Left.Tcb!.Describe(pair.Now).SendSegmentSize);
        Assert.InRange(pair.Left.Tcb!.Describe(pair.Now).Counters.Timeouts, 2, 8);
    }

    [Theory]
    [InlineData(11, 0.01)]
    [InlineData(12, 0.03)]
    public void A_transfer_ends_where_small_segments_are_lost_as_well(int seed, double loss)
    {
        TcpConfig settings = TcbBench.Defaults(options: true, mss: 1460, receiveBuffer: 1 << 20, gso: 14_600);
        var faults = new WireFaults(Mtu: 1400, Loss: loss, Reorder: 0.01, JitterMs: 2);
        var pair = new TcbPair(seed, faults, settings, settings, 500_000, 500_000);
        pair.Run(simultaneous: false, TimeSpan.FromMinutes(10));
        Assert.InRange(pair.Left.Tcb!.Describe(pair.Now).PathMtu, 576, 1400);
    }

    /// <summary>NewReno, and the losses that it is told of with ACKs.</summary>
    private sealed class ListeningControl : CongestionControl
    {
        public override string Name => "listening";

        public long Lost { get; set; }

        public override ICongestionController CreateController(in CongestionContext context, long initialWindow) =>
            new Listener(this, NewReno.CreateController(context, initialWindow));

        private sealed class Listener(ListeningControl owner, ICongestionController inner) : ICongestionController
        {
            public long CongestionWindow => inner.CongestionWindow;

            public long SlowStartThreshold => inner.SlowStartThreshold;

            public double? PacingRate => inner.PacingRate;

            public void OnAck(in CongestionAck ack)
            {
                owner.Lost += ack.BytesLost;
                inner.OnAck(ack);
            }

            public void OnCongestion(in CongestionSignal congestion) => inner.OnCongestion(congestion);

            public void OnRecovered(in CongestionContext context) => inner.OnRecovered(context);

            public void OnRetransmitTimeout(in CongestionContext context, bool isRepeated) =>
                inner.OnRetransmitTimeout(context, isRepeated);

            public void OnSpuriousCongestion(in CongestionContext context) => inner.OnSpuriousCongestion(context);

            public void OnIdleRestart(in CongestionContext context) => inner.OnIdleRestart(context);

            public void OnSegmentSize(int segmentSize) => inner.OnSegmentSize(segmentSize);
        }
    }
}
