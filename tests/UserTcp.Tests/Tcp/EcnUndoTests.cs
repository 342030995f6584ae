using UserTcp.Tcp;
using UserTcp.Tcp.Send;
using UserTcp.Tests.Support;

namespace UserTcp.Tests.Tcp;

/// <summary>
/// A reduction for marks of the network stays, even if a loss turns out to have been none (RFC 3168 §6.1.2,
/// RFC 4015 §3.4).
/// </summary>
public sealed class EcnUndoTests
{
    private static readonly TimeSpan s_rtt = TimeSpan.FromMilliseconds(100);

    public static TheoryData<string> Controls => ["cubic", "newreno"];

    private static CongestionControl Named(string name) =>
        name == "cubic" ? CongestionControl.Cubic : CongestionControl.NewReno;

    private static TcbBench TenInFlight(CongestionControl control)
    {
        TcpConfig config = TcbBench.Defaults(sack: true, congestion: control) with { Ecn = UserTcpEcnMode.Active };
        TcbBench bench = TcbBench.EcnSynSent(config).Elapse(s_rtt)
            .Arrives("<SEQ=1000><ACK=101><CTL=SYN,ACK,ECE><WND=65535><MSS=1000><SACKOK>")
            .Sends("<SEQ=101><ACK=1001><CTL=ACK>").Writes(40_000);
        Assert.Equal(10, bench.Drain().Count);
        return bench.Elapse(s_rtt);
    }

    [Theory, MemberData(nameof(Controls))]
    [Rfc("3168 §6.1.2", "R3168-11", "R3168-12"), Rfc("4015 §3.4")]
    public void Loss_for_nothing_after_a_mark_does_not_take_back_what_the_mark_reduced(string control)
    {
        TcbBench bench = TenInFlight(Named(control)).Arrives("<SEQ=1001><ACK=1101><CTL=ACK,ECE>");
        bench.Drain();
        long threshold = bench.Report.SlowStartThreshold;
        Assert.True(threshold < 10_000);
        bench.AfterMs(1).Arrives("<SEQ=1001><ACK=1101><CTL=ACK,ECE><SACK=2101-6101>")
            .Sends("<SEQ=1101><CTL=ACK><LEN=1000><RETX=1>");
        Assert.Equal(RecoveryState.Recovery, bench.Report.Recovery);
        bench.Drain();
        bench.AfterMs(1).Arrives("<SEQ=1001><ACK=6101><CTL=ACK>")
            .AfterMs(1).Arrives("<SEQ=1001><ACK=6101><CTL=ACK><SACK=1101-2101>"); // both copies have come
        Assert.Equal(1, bench.Report.Counters.SpuriousRecoveries);
        Assert.Equal(RecoveryState.Open, bench.Report.Recovery);
        Assert.Equal(threshold, bench.Report.SlowStartThreshold);
        Assert.True(bench.Report.CongestionWindow <= threshold + 1000);
    }

    [Theory, MemberData(nameof(Controls))]
    [Rfc("3168 §6.1.2", "R3168-12"), Rfc("4015 §3.4")]
    public void Mark_that_is_told_while_a_loss_is_repaired_keeps_its_reduction_if_nothing_was_lost(string control)
    {
        TcbBench bench = TenInFlight(Named(control)).Arrives("<SEQ=1001><ACK=101><CTL=ACK><SACK=1101-5101>")
            .Sends("<SEQ=101><CTL=ACK><LEN=1000><RETX=1>");
        bench.Drain();
        long threshold = bench.Report.SlowStartThreshold;
        bench.AfterMs(1).Arrives("<SEQ=1001><ACK=101><CTL=ACK,ECE><SACK=1101-6101>").Drain();
        bench.AfterMs(1).Arrives("<SEQ=1001><ACK=6101><CTL=ACK>")
            .AfterMs(1).Arrives("<SEQ=1001><ACK=6101><CTL=ACK><SACK=101-1101>");
        Assert.Equal(1, bench.Report.Counters.SpuriousRecoveries);
        Assert.Equal(threshold, bench.Report.SlowStartThreshold);
    }

    [Theory, MemberData(nameof(Controls))]
    [Rfc("3708 §3")]
    public void Loss_for_nothing_without_a_mark_is_undone(string control)
    {
        TcbBench bench = TenInFlight(Named(control)).Arrives("<SEQ=1001><ACK=101><CTL=ACK><SACK=1101-5101>")
            .Sends("<SEQ=101><CTL=ACK><LEN=1000><RETX=1>");
        bench.Drain();
        bench.AfterMs(1).Arrives("<SEQ=1001><ACK=5101><CTL=ACK>")
            .AfterMs(1).Arrives("<SEQ=1001><ACK=5101><CTL=ACK><SACK=101-1101>");
        Assert.Equal(long.MaxValue, bench.Report.SlowStartThreshold);
        Assert.True(bench.Report.CongestionWindow >= 10_000);
    }

    /// <summary>
    /// Marks, losses and reordering at random: a controller is told that congestion was none only if nothing was marked
    /// since it was told of it.
    /// </summary>
    [Fact]
    [Rfc("3168 §6.1.2", "R3168-11", "R3168-12")]
    public void Whatever_is_marked_lost_and_late_no_reduction_for_a_mark_is_undone()
    {
        int undone = 0;
        for (int seed = 0; seed < 60; seed++)
        {
            var watch = new WatchingControl(seed);
            TcpConfig config = TcbBench.Defaults(options: true) with
            {
                Ecn = UserTcpEcnMode.Active, CongestionControl = watch,
            };
            var faults = new WireFaults(
                Loss: 0.005, Reorder: 0.1, Duplicate: 0.02, JitterMs: 2, Mark: seed % 3 * 0.01);
            var pair = new TcbPair(seed, faults, config, config, 300_000, 300_000);
            watch.Pair = pair;
            pair.Run(simultaneous: seed % 2 == 1, TimeSpan.FromMinutes(30));
            undone += watch.Undone;
        }

        Assert.True(undone > 20, $"only {undone} reductions were undone");
    }

    private sealed class WatchingControl(int seed) : CongestionControl
    {
        public TcbPair? Pair { get; set; }

        public int Undone { get; set; }

        public override string Name => "watching";

        public override ICongestionController CreateController(in CongestionContext context, long initialWindow) =>
            new Watch(this, Cubic.CreateController(context, initialWindow));

        /// <summary>Echoes heard by both ends: the one with this controller is among them.</summary>
        private (long Left, long Right) Echoes => (Of(Pair!.Left), Of(Pair.Right));

        private long Of(TcbPair.Side side) => side.Tcb?.Describe(Pair!.Now).Counters.EcnEchoes ?? 0;

        private sealed class Watch(WatchingControl owner, ICongestionController inner) : ICongestionController
        {
            private (long Left, long Right) _atReduction;
            private bool _isForMark;

            public long CongestionWindow => inner.CongestionWindow;

            public long SlowStartThreshold => inner.SlowStartThreshold;

            public double? PacingRate => inner.PacingRate;

            public void OnAck(in CongestionAck ack) => inner.OnAck(ack);

            public void OnCongestion(in CongestionSignal congestion)
            {
                (_atReduction, _isForMark) = (owner.Echoes, congestion.Cause == CongestionCause.Ecn);
                inner.OnCongestion(congestion);
            }

            public void OnRecovered(in CongestionContext context) => inner.OnRecovered(context);

            public void OnRetransmitTimeout(in CongestionContext context, bool isRepeated)
            {
                if (!isRepeated)
                    (_atReduction, _isForMark) = (owner.Echoes, false);
                inner.OnRetransmitTimeout(context, isRepeated);
            }

            public void OnSpuriousCongestion(in CongestionContext context)
            {
                (long left, long right) = owner.Echoes;
                bool isMarked = left > _atReduction.Left && right > _atReduction.Right;
                Assert.False(isMarked || _isForMark, $"seed {owner._seed}: the reduction for a mark is undone");
                owner.Undone++;
                inner.OnSpuriousCongestion(context);
            }

            public void OnIdleRestart(in CongestionContext context) => inner.OnIdleRestart(context);

            public void OnSegmentSize(int segmentSize) => inner.OnSegmentSize(segmentSize);
        }

        private readonly int _seed = seed;
    }
}
