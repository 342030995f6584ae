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

    private static (TcbBench Bench, Log Log) Start(
        UserTcpEcnMode ecn = UserTcpEcnMode.Passive, long window = 0)
    {
        var control = new LoggingControl(window);
        var recovery = new UserTcpLossRecoveryOptions { TailLossProbe = false };
        TcpConfig config = TcbBench.Defaults(recovery: recovery) with
        {
            CongestionControl = control, Pacing = false, Ecn = ecn,
        };
        TcbBench bench = TcbBench.Established(config);
        return (bench, control.Log);
    }

    private sealed class LoggingControl(long window) : CongestionControl
    {
        public Log Log { get; private set; } = new(0);

        public override string Name => "log";

        public override ICongestionController CreateController(in CongestionContext context, long initialWindow) =>
            Log = new Log(window > 0 ? window : initialWindow);
    }

    private sealed class Log(long window) : ICongestionController
    {
        public List<string> Events { get; } = [];

        public int Rounds { get; private set; }

        public CongestionAck Last { get; private set; }

        public long CongestionWindow => window;

        public long SlowStartThreshold => long.MaxValue;

        public double? PacingRate => null;

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
