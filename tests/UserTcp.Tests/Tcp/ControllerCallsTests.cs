using UserTcp.Primitives;
using UserTcp.Tcp;
using UserTcp.Tests.Support;

namespace UserTcp.Tests.Tcp;

/// <summary>What a controller is told, and when: once for each event, in virtual time.</summary>
public sealed class ControllerCallsTests
{
    [Fact]
    public void Loss_and_its_end_are_told_once()
    {
        (TcbBench bench, Log log) = Start();
        bench.Writes(20_000).Drain();
        bench.AfterMs(1);
        for (int i = 0; i < 5; i++)
        {
            bench.Arrives("<SEQ=1001><ACK=101><CTL=ACK>");
        }

        bench.Drain();
        bench.Arrives($"<SEQ=1001><ACK={bench.LastSeqEnd.Value}><CTL=ACK>");
        Assert.Equal(["congestion", "recovered"], log.Events);
    }

    [Fact, Rfc("8311 §4.1", "R8311-1")]
    public void Marks_are_told_apart_from_losses()
    {
        (TcbBench bench, Log log) = Start(UserTcpEcnMode.Active);
        bench.Writes(20_000).Drain();
        bench.AfterMs(1).Arrives("<SEQ=1001><ACK=1101><CTL=ACK,ECE>");
        Assert.Equal(["marks"], log.Events);
    }

    [Fact]
    public void Timeouts_say_whether_they_are_repeated()
    {
        (TcbBench bench, Log log) = Start();
        bench.Writes(400).Drain();
        bench.ToDeadline();
        bench.Drain();
        bench.ToDeadline();
        Assert.Equal(["timeout", "timeout again"], log.Events);
    }

    [Fact]
    public void Pause_is_told_once_when_it_ends()
    {
        (TcbBench bench, Log log) = Start();
        bench.Writes(1_000).Drain();
        bench.Arrives("<SEQ=1001><ACK=1101><CTL=ACK>").Silent();
        bench.After(TimeSpan.FromSeconds(10)).Writes(1_000).Drain();
        bench.Silent();
        Assert.Equal(["idle"], log.Events);
        bench.Arrives("<SEQ=1001><ACK=2101><CTL=ACK>").After(TimeSpan.FromSeconds(10)).Writes(1_000).Drain();
        Assert.Equal(["idle", "idle"], log.Events);
    }

    [Fact]
    public void Round_ends_with_the_first_ack_of_what_was_sent_after_the_last()
    {
        (TcbBench bench, Log log) = Start();
        bench.Writes(40_000).Drain();
        for (uint ack = 2101; ack <= 10101; ack += 2000)
        {
            bench.Arrives($"<SEQ=1001><ACK={ack}><CTL=ACK>").Drain();
        }

        int before = log.Rounds;
        bench.Arrives("<SEQ=1001><ACK=10101><CTL=ACK>").Arrives("<SEQ=1001><ACK=12101><CTL=ACK>");
        Assert.InRange(log.Rounds, before, before + 1);
        Assert.InRange(log.Rounds, 1, 2);
    }

    [Fact]
    public void Window_that_was_not_used_is_said_to_be_limited_by_the_application()
    {
        (TcbBench bench, Log log) = Start();
        bench.Writes(2_000).Drain();
        bench.Arrives("<SEQ=1001><ACK=2101><CTL=ACK>");
        Assert.True(log.Last.IsAppLimited);
        Assert.Equal(2_000, log.Last.PriorBytesInFlight);
        Assert.Equal(2_000, log.Last.BytesAcked);
        bench.Writes(100_000).Drain();
        bench.Arrives($"<SEQ=1001><ACK={bench.LastSeqEnd.Value}><CTL=ACK>");
        Assert.False(log.Last.IsAppLimited);
    }

    /// <summary>
    /// A controller may leave the window without a limit. Times that are counted in windows must not overflow by it.
    /// </summary>
    [Fact]
    public void A_window_without_a_limit_overflows_nothing()
    {
        (TcbBench bench, Log log) = Start(window: long.MaxValue);
        bench.Writes(1_000).Drain();
        bench.AfterMs(100).Arrives("<SEQ=1001><ACK=1101><CTL=ACK>").Silent();
        bench.Writes(20_000).Drain();
        for (int i = 0; i < 3; i++)
        {
            bench.ToDeadline();
            bench.Drain();
        }

        Assert.Contains("timeout again", log.Events);
        Assert.Contains("segment size", log.Events);
        bench.Arrives($"<SEQ=1001><ACK={bench.LastSeqEnd.Value}><CTL=ACK>");
        int timeouts = log.Events.Count(what => what.StartsWith("timeout", StringComparison.Ordinal));
        bench.Writes(20_000).Drain(); // a probe of the path is the first of it
        bench.ToDeadline();
        Assert.Equal(timeouts + 1, log.Events.Count(what => what.StartsWith("timeout", StringComparison.Ordinal)));
        Assert.Equal(TcpState.Established, bench.Tcb.State);
    }

    [Fact]
    public void Text_that_leaves_is_told_for_the_first_time_and_again()
    {
        (TcbBench bench, Log log) = Start();
        bench.Writes(2_500).Drain();
        Assert.Equal([1_000, 1_000, 500], log.Sent.Select(send => send.Bytes));
        Assert.Equal([1_000, 2_000, 2_500], log.Sent.Select(send => send.Context.BytesInFlight));
        Assert.All(log.Sent, send => Assert.False(send.IsRetransmission));
        log.Sent.Clear();
        bench.ToDeadline();
        bench.Drain();
        Assert.All(log.Sent, send => Assert.True(send.IsRetransmission));
        Assert.Equal([1_000, 1_000, 500], log.Sent.Select(send => send.Bytes));
        Assert.Equal([1_000, 2_000, 2_500], log.Sent.Select(send => send.Context.BytesInFlight));
        log.Sent.Clear();
        bench.Arrives("<SEQ=1001><ACK=2601><CTL=ACK>").Calls(UserCall.Close).Drain();
        Assert.Empty(log.Sent); // FIN is no text
    }

    /// <summary>
    /// The rate from segment to ACK, the flight that the segment was part of, and the losses since then.
    /// </summary>
    [Fact]
    public void A_sample_tells_of_its_segment()
    {
        (TcbBench bench, Log log) = Start(sack: true);
        bench.Writes(7_000).Drain(); // 101, 1101, …, 6101, at one moment
        bench.AfterMs(100).Arrives("<SEQ=1001><ACK=1101><CTL=ACK>").Drain();
        Assert.Equal(
            new CongestionRateSample
            {
                Delivered = 1_000, Interval = TimeSpan.FromMilliseconds(100), PriorDelivered = 1, // SYN counts
                BytesInFlightAtSend = 1_000, BytesLostSinceSend = 0,
                IsAppLimited = true, // before it nothing was written
            },
            log.Last.Sample);
        Assert.Equal(10_000, log.Last.DeliveryRate);
        Assert.Equal((1_000, 0), (log.Last.BytesAcked, log.Last.BytesLost));

        bench.AfterMs(50).Arrives("<SEQ=1001><ACK=1101><CTL=ACK><SACK=4101-7101>");
        Assert.Equal(3_000, log.Last.BytesLost);
        CongestionRateSample sample = log.Last.Sample!.Value;
        Assert.Equal((4_000, 7_000), (sample.Delivered, sample.BytesInFlightAtSend));
        Assert.Equal((1, 3_000), (sample.PriorDelivered, sample.BytesLostSinceSend));
        Assert.Equal(4_000 / 0.15, sample.BytesPerSecond, 3);

        bench.Drain();
        bench.AfterMs(100).Arrives("<SEQ=1001><ACK=7101><CTL=ACK>");
        Assert.Equal(0, log.Last.BytesLost);
        Assert.Equal((4_001, 3_000), (log.Last.Sample!.Value.PriorDelivered, log.Last.Sample.Value.Delivered));
        Assert.Equal(0, log.Last.Sample.Value.BytesLostSinceSend);
    }

    [Fact]
    public void An_ack_without_news_has_no_sample()
    {
        (TcbBench bench, Log log) = Start();
        bench.Writes(1_000).Drain();
        bench.AfterMs(10).Arrives("<SEQ=1001><ACK=101><CTL=ACK>");
        Assert.Null(log.Last.Sample);
        Assert.Equal(0, log.Last.DeliveryRate);
    }

    [Fact]
    public void An_ack_with_marks_says_so()
    {
        (TcbBench bench, Log log) = Start(UserTcpEcnMode.Active);
        bench.Writes(20_000).Drain();
        bench.AfterMs(1).Arrives("<SEQ=1001><ACK=1101><CTL=ACK>");
        Assert.False(log.Last.IsMarked);
        bench.AfterMs(1).Arrives("<SEQ=1001><ACK=2101><CTL=ACK,ECE>");
        Assert.True(log.Last.IsMarked);
    }

    /// <summary>Losses that a timer found are told with the next ACK.</summary>
    [Fact]
    public void Losses_are_told_once_whoever_found_them()
    {
        (TcbBench bench, Log log) = Start(sack: true);
        bench.Writes(4_000).Drain();
        bench.AfterMs(10).Arrives("<SEQ=1001><ACK=101><CTL=ACK><SACK=2101-3101>"); // out of order, so far
        Assert.Equal(0, log.Last.BytesLost);
        bench.ToDeadline();
        bench.Drain();
        bench.AfterMs(1).Arrives("<SEQ=1001><ACK=101><CTL=ACK><SACK=2101-4101>");
        Assert.Equal(2_000, log.Last.BytesLost);
        bench.AfterMs(1).Arrives("<SEQ=1001><ACK=4101><CTL=ACK>");
        Assert.Equal(0, log.Last.BytesLost);
    }

    /// <summary>A router says that the path takes smaller packets: what it dropped was no congestion.</summary>
    [Fact]
    public void Segments_that_the_path_has_become_too_small_for_are_no_losses()
    {
        (TcbBench bench, Log log) = Start(sack: true);
        bench.Writes(4_000).Drain();
        bench.Tcb.OnPathMtu(540, new SeqNumber(101), bench.Now);
        Assert.Equal(4_000, bench.Report.BytesLost);
        bench.Drain();
        bench.AfterMs(10).Arrives("<SEQ=1001><ACK=601><CTL=ACK>");
        Assert.Equal((500, 0), (log.Last.BytesAcked, log.Last.BytesLost));
        Assert.Equal(0, log.Last.Sample?.BytesLostSinceSend ?? 0);
        Assert.Equal(["segment size"], log.Events);
    }

    /// <summary>
    /// Six segments have arrived: proportional rate reduction sends as many. All that was in flight is gone.
    /// </summary>
    [Theory]
    [InlineData(false, 6)]
    [InlineData(true, 10)]
    public void A_controller_may_own_its_recovery(bool owns, int sent)
    {
        (TcbBench bench, Log log) = Start(sack: true, window: 10_000, owns: owns);
        bench.Writes(60_000).Drain();
        bench.AfterMs(10).Arrives("<SEQ=1001><ACK=101><CTL=ACK><SACK=4101-10101>");
        Assert.Equal(["congestion"], log.Events);
        log.Sent.Clear();
        bench.Drain();
        Assert.Equal(owns, bench.Report.CongestionWindow == 10_000);
        Assert.Equal(sent, log.Sent.Count);
    }

    /// <summary>At least a segment leaves, whatever the quantum.</summary>
    [Theory]
    [InlineData(null, 10_000)]
    [InlineData(3_000, 3_000)]
    [InlineData(10, 1_000)]
    public void A_controller_may_bound_what_leaves_at_once(int? quantum, int first)
    {
        (TcbBench bench, Log log) = Start(quantum: quantum, gso: 20_000);
        bench.Writes(60_000).Drain();
        Assert.Equal(first, log.Sent[0].Bytes);
        Assert.Equal(10_000, log.Sent.Sum(send => send.Bytes));
    }

    private static (TcbBench Bench, Log Log) Start(
        UserTcpEcnMode ecn = UserTcpEcnMode.Passive, long window = 0, bool sack = false, bool owns = false,
        int? quantum = null, int gso = 0)
    {
        var control = new LoggingControl(window, owns, quantum);
        var recovery = new UserTcpLossRecoveryOptions { TailLossProbe = false };
        TcpConfig config = TcbBench.Defaults(recovery: recovery, sack: sack, gso: gso) with
        {
            CongestionControl = control, Pacing = false, Ecn = ecn,
        };
        TcbBench bench = sack
            ? TcbBench.SynSent(config).AfterMs(20)
                .Arrives("<SEQ=1000><ACK=101><CTL=SYN,ACK><WND=65535><MSS=1000><SACKOK>")
                .Sends("<SEQ=101><ACK=1001><CTL=ACK>")
            : TcbBench.Established(config);
        return (bench, control.Log);
    }

    private sealed class LoggingControl(long window, bool owns, int? quantum) : CongestionControl
    {
        public Log Log { get; private set; } = new(0, false, null);

        public override string Name => "log";

        public override ICongestionController CreateController(in CongestionContext context, long initialWindow) =>
            Log = new Log(window > 0 ? window : initialWindow, owns, quantum);
    }

    private sealed class Log(long window, bool owns, int? quantum) : ICongestionController
    {
        public List<CongestionSend> Sent { get; } = [];

        public List<string> Events { get; } = [];

        public int Rounds { get; private set; }

        public CongestionAck Last { get; private set; }

        public long CongestionWindow => window;

        public long SlowStartThreshold => long.MaxValue;

        public double? PacingRate => null;

        public int? SendQuantum => quantum;

        public bool OwnsRecovery => owns;

        public void OnSent(in CongestionSend send) => Sent.Add(send);

        public void OnAck(in CongestionAck ack)
        {
            Last = ack;
            Rounds += ack.IsRoundEnd ? 1 : 0;
        }

        public void OnCongestion(in CongestionSignal congestion) =>
            Events.Add(congestion.Cause == CongestionCause.Ecn ? "marks" : "congestion");

        public void OnRecovered(in CongestionContext context) => Events.Add("recovered");

        public void OnRetransmitTimeout(in CongestionContext context, bool isRepeated) =>
            Events.Add(isRepeated ? "timeout again" : "timeout");

        public void OnSpuriousCongestion(in CongestionContext context) => Events.Add("spurious");

        public void OnIdleRestart(in CongestionContext context) => Events.Add("idle");

        public void OnSegmentSize(int segmentSize) => Events.Add("segment size");
    }
}
