using UserTcp.Primitives;
using UserTcp.Tcp;
using UserTcp.Tests.Support;
using UserTcp.Wire;

namespace UserTcp.Tests.Tcp;

/// <summary>Challenge ACKs: ours, within their limits, and what the peer's does to our SYN.</summary>
public sealed class ChallengeTests
{
    private const string OfOldConnection = "<SEQ=70000><ACK=9000><CTL=ACK>";

    [Fact]
    [Rfc("9293 §3.5.1")]
    public void Syn_follows_the_reset_of_a_half_open_peer_at_once()
    {
        TcbBench bench = TcbBench.SynSent().AfterMs(1).Arrives(OfOldConnection).Sends("<SEQ=9000><CTL=RST>").Silent();
        Assert.Equal(TimeSpan.FromMilliseconds(10), bench.ToDeadline());
        bench.Sends("<SEQ=100><CTL=SYN><RETX=1>").Silent()
            .Arrives("<SEQ=1000><ACK=101><CTL=SYN,ACK><WND=65535><MSS=1000>").Sends("<SEQ=101><ACK=1001><CTL=ACK>")
            .Writes(3000).Sends("<SEQ=101><CTL=ACK><LEN=1000>").Sends("<SEQ=1101><CTL=ACK><LEN=1000>")
            .Sends("<SEQ=2101><CTL=PSH,ACK><LEN=1000>");
        Assert.Equal(0, bench.Report.Counters.Timeouts);
    }

    [Fact]
    public void Syn_goes_early_once_only_and_then_with_the_usual_patience()
    {
        TcbBench bench = TcbBench.SynSent().Arrives(OfOldConnection).Sends("<SEQ=9000><CTL=RST>");
        bench.ToDeadline();
        bench.Sends("<SEQ=100><CTL=SYN><RETX=1>").Arrives(OfOldConnection).Sends("<SEQ=9000><CTL=RST>").Silent();
        Assert.Equal(TimeSpan.FromSeconds(1), bench.ToDeadline());
        bench.Sends("<SEQ=100><CTL=SYN><RETX=1>").Silent();
        Assert.Equal(TimeSpan.FromSeconds(2), bench.ToDeadline());
    }

    [Fact]
    public void Whatever_ACKs_are_forged_an_open_sends_one_SYN_more()
    {
        for (int seed = 0; seed < 500; seed++)
        {
            var random = new Random(seed);
            TcbBench bench = TcbBench.SynSent();
            Instant start = bench.Now;
            int syns = 1;
            TimeSpan? challenged = null;
            TimeSpan? answered = null;
            while (bench.Now - start < TimeSpan.FromSeconds(0.9))
            {
                bench.AfterMs(random.Next(1, 100));
                int now = bench.Drain().Count(plan => plan.Flags.HasFlag(TcpFlags.Syn));
                syns += now;
                if (now > 0)
                    answered ??= bench.Now - start;
                if (random.Next(2) == 0 || bench.Now - start > TimeSpan.FromSeconds(0.8))
                    continue;
                challenged ??= bench.Now - start;
                bench.Arrives($"<SEQ={random.Next()}><ACK={102 + random.Next(1 << 30)}><CTL=ACK>");
                Assert.All(bench.Drain(), plan => Assert.Equal(TcpFlags.Rst, plan.Flags));
            }

            Assert.True(syns == (challenged is null ? 1 : 2), $"seed {seed}: {syns} SYNs");
            if (challenged is TimeSpan since && answered is TimeSpan again)
                Assert.True(again - since < TimeSpan.FromMilliseconds(110), $"seed {seed}: {again - since} later");
        }
    }

    [Fact]
    public void A_simultaneous_open_after_a_challenge_loses_nothing()
    {
        TcbBench bench = TcbBench.SynSent().Arrives(OfOldConnection).Sends("<SEQ=9000><CTL=RST>")
            .Arrives("<SEQ=1000><CTL=SYN><WND=65535><MSS=1000>").Sends("<SEQ=100><ACK=1001><CTL=SYN,ACK>").Silent();
        bench.AfterMs(20).Drain();
        Assert.Equal(0, bench.Report.Counters.Timeouts);
    }

    [Fact]
    [Rfc("5961 §7", "R5961-6")]
    public void A_connection_has_a_share_that_others_cannot_use_up()
    {
        ChallengeBudget budget = TcbBench.Challenges(perConnection: 10, perSecond: 100);
        TcbBench attacker = TcbBench.Established(TcbBench.Defaults(challengeBudget: budget));
        int own = 0;
        for (int i = 0; i < 1000; i++)
        {
            own += attacker.Arrives("<SEQ=500000><CTL=ACK>").Drain().Count;
        }

        Assert.Equal(10, own);
        for (int i = 0; i < 4; i++)
        {
            TcbBench.Established(TcbBench.Defaults(challengeBudget: budget))
                .Arrives("<SEQ=1000000><CTL=SYN>").Sends("<SEQ=101><ACK=1001><CTL=ACK>");
        }

        Assert.Equal((14, 990), (budget.Granted, budget.Withheld));
    }

    [Fact]
    [Rfc("5961 §7")]
    public void The_share_comes_back_with_the_next_second() =>
        Assert.Equal(10, Enumerable.Range(0, 5).Aggregate(
            (Bench: TcbBench.Established(TcbBench.Defaults(challengeBudget: TcbBench.Challenges(2))), Answers: 0),
            (run, _) =>
            {
                int answers = run.Answers;
                for (int i = 0; i < 9; i++)
                {
                    answers += run.Bench.Arrives("<SEQ=1500><CTL=RST>").Drain().Count;
                }

                return (run.Bench.After(TimeSpan.FromSeconds(1)), answers);
            }).Answers);

    [Fact]
    public void Nobody_learns_from_his_own_answers_whether_another_connection_exists()
    {
        for (int seed = 0; seed < 2000; seed++)
        {
            var random = new Random(seed);
            int perSecond = random.Next(20, 200);
            int probes = random.Next(1, 400);
            int spoofed = random.Next(1, 10);
            Assert.Equal(
                OwnAnswers(perSecond, probes, spoofed, hasVictim: false),
                OwnAnswers(perSecond, probes, spoofed, hasVictim: true));
        }
    }

    // The attack of CVE-2016-5696: spoofed SYNs towards the flow in question, then as many segments in one's own.
    private static int OwnAnswers(int perSecond, int probes, int spoofed, bool hasVictim)
    {
        ChallengeBudget budget = TcbBench.Challenges(perConnection: 10, perSecond: 2 * perSecond);
        TcpConfig config = TcbBench.Defaults(challengeBudget: budget);
        TcbBench own = TcbBench.Established(config);
        TcbBench? victim = hasVictim ? TcbBench.Established(config) : null;
        for (int i = 0; i < spoofed; i++)
        {
            victim?.Arrives("<SEQ=1000000><CTL=SYN>").Drain();
        }

        int answers = 0;
        for (int i = 0; i < probes; i++)
        {
            answers += own.Arrives("<SEQ=1500><CTL=RST>").Drain().Count;
        }

        return answers;
    }
}
