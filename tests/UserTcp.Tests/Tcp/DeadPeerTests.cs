using UserTcp.Primitives;
using UserTcp.Tcp;
using UserTcp.Tests.Support;

namespace UserTcp.Tests.Tcp;

/// <summary>A peer that shuts its window and vanishes is noticed; one that answers may keep it shut for ever.</summary>
public sealed class DeadPeerTests
{
    private const string Shuts = "<SEQ=1001><ACK=101><CTL=ACK><WND=0>";

    private static TcbBench Shut(TcpConfig? config = null) =>
        TcbBench.Established(config).Arrives(Shuts).Silent().Writes(3000).Silent();

    [Fact]
    [Rfc("9293 §3.8.3", "MUST-20", "MUST-21")]
    [Rfc("9293 §3.8.6.1", "MUST-36")]
    public void Probes_that_nobody_answers_count_towards_R2()
    {
        TcbBench bench = Shut(TcbBench.Defaults(r2: 4));
        Instant start = bench.Now;
        for (int i = 0; i < 4; i++)
        {
            bench.ToDeadline();
            bench.Sends("<SEQ=101><CTL=ACK><LEN=1>").Silent();
        }

        bench.ToDeadline();
        Assert.Equal(6.2, (bench.Now - start).TotalSeconds); // 0.2 + 0.4 + 0.8 + 1.6 + 3.2
        bench.ClosedBy(UserTcpCloseReason.TimedOut).Sends("<SEQ=101><ACK=1001><CTL=RST,ACK>").Silent();
        Assert.True(bench.Tcb.IsProbedInVain);
    }

    [Fact]
    [Rfc("9293 §3.8.6.1", "MUST-37")]
    public void One_answer_starts_the_count_again()
    {
        TcbBench bench = Shut(TcbBench.Defaults(r2: 4));
        for (int i = 0; i < 1000; i++)
        {
            bench.ToDeadline();
            bench.Sends("<SEQ=101><CTL=ACK><LEN=1>").Silent();
            if (i % 4 == 3)
                bench.Arrives(Shuts).Silent();
        }

        bench.State(TcpState.Established);
        Assert.False(bench.Tcb.IsProbedInVain);
    }

    [Fact]
    [Rfc("9293 §3.8.3", "MUST-20", "SHLD-9")]
    public void R1_of_the_probes_advises_the_network_layer()
    {
        TcbBench bench = Shut();
        for (int i = 0; i < 3; i++)
        {
            bench.ToDeadline();
            bench.DidNotSee(Effects.NegativeAdvice).Drain();
        }

        bench.ToDeadline();
        bench.Saw(Effects.NegativeAdvice);
    }

    [Fact]
    public void A_close_behind_a_shut_window_ends_too()
    {
        TcbBench bench = Shut(TcbBench.Defaults(r2: 4)).Calls(UserCall.Close).Silent().State(TcpState.FinWait1);
        Instant end = bench.Now + TimeSpan.FromSeconds(7);
        while (bench.Tcb.NextDeadline <= end)
        {
            bench.ToDeadline();
            bench.Drain();
        }

        bench.ClosedBy(UserTcpCloseReason.TimedOut);
    }

    [Theory]
    [InlineData(3000, "<SEQ=100><ACK=1001><CTL=ACK>")]
    [InlineData(0, "<SEQ=100><ACK=1001><CTL=ACK>")]
    [Rfc("9293 §3.8.4", "MUST-26", "MUST-29")]
    public void Keep_alive_works_beside_the_probes_of_a_shut_window(int written, string probe)
    {
        TcbBench bench = TcbBench.Established(KeepAlive(10, 5, 3)).Arrives(Shuts).Writes(written).Silent();
        Instant start = bench.Now;
        int probes = 0;
        while (bench.Tcb.State == TcpState.Established && bench.Now - start < TimeSpan.FromHours(1))
        {
            bench.ToDeadline();
            foreach (SegmentPlan plan in bench.Drain())
            {
                SegmentText text = SegmentText.Parse(probe);
                probes += SegmentText.Render(plan, text) == text.Normalized() ? 1 : 0;
            }
        }

        Assert.Equal((3, 25.0), (probes, (bench.Now - start).TotalSeconds));
        bench.ClosedBy(UserTcpCloseReason.KeepAliveTimedOut);
    }

    [Fact]
    public void Keep_alive_that_is_answered_leaves_a_shut_window_alone()
    {
        TcbBench bench = TcbBench.Established(KeepAlive(10, 5, 3)).Arrives(Shuts).Writes(100).Silent();
        for (int i = 0; i < 1000; i++)
        {
            bench.ToDeadline();
            if (bench.Drain().Count > 0)
                bench.Arrives(Shuts).Silent();
        }

        bench.State(TcpState.Established);
    }

    [Fact]
    public void However_a_peer_vanishes_behind_its_window_it_is_noticed_in_time()
    {
        for (int seed = 0; seed < 2000; seed++)
        {
            var random = new Random(seed);
            TcpConfig config = TcbBench.Defaults(r2: random.Next(1, 10), keepAlive: random.Next(2) == 0);
            TcbBench bench = TcbBench.Established(config).Arrives(Shuts).Writes(random.Next(1, 5000));
            if (random.Next(2) == 0)
                bench.Calls(UserCall.Close);
            bench.Drain();
            for (int answered = random.Next(40); answered > 0; answered--)
            {
                bench.ToDeadline();
                if (bench.Drain().Count > 0)
                    bench.Arrives(Shuts).Drain();
            }

            Assert.True(bench.Tcb.State != TcpState.Closed, $"seed {seed}: given up though it answered");
            Instant end = bench.Now + (config.R2 + 2) * config.PersistMax;
            while (bench.Tcb.State != TcpState.Closed && bench.Tcb.NextDeadline <= end)
            {
                bench.ToDeadline();
                bench.Drain();
            }

            Assert.True(bench.Tcb.State == TcpState.Closed, $"seed {seed}: still {bench.Tcb.State}");
        }
    }

    private static TcpConfig KeepAlive(int time, int interval, int probes) => TcbBench.Defaults() with
    {
        Live = new LiveSettings().WithKeepAlive(
            new KeepAliveSettings(TimeSpan.FromSeconds(time), TimeSpan.FromSeconds(interval), probes)),
    };
}
