using UserTcp.Benchmarks.Workloads;
using UserTcp.Primitives;
using UserTcp.Tcp;
using UserTcp.Tests.Support;

namespace UserTcp.Tests.Tcp.Send;

/// <summary>
/// The cost of an ACK, in entries of the flight that are looked at one by one, is the same with thousands of segments
/// outstanding as with ten.
/// </summary>
public sealed class FlightCostTests
{
    private const int Mss = 100;
    private const int Bound = 48; // as many as may be waited for, and some for the blocks

    /// <summary>Segments in flight, each in an entry of its own, a millisecond apart in tens.</summary>
    private static TcbBench Outstanding(int segments)
    {
        TcpConfig config = TcbBench.Defaults(mss: Mss, sack: true, scaling: true, sendBuffer: 8 << 20,
            recovery: new UserTcpLossRecoveryOptions { TailLossProbe = false, ProportionalRateReduction = false }) with
        {
            Pacing = false, CongestionControl = new WideControl(),
        };
        TcbBench bench = TcbBench.SynSent(config).AfterMs(100)
            .Arrives("<SEQ=1000><ACK=101><CTL=SYN,ACK><WND=65535><MSS=100><SACKOK><WS=10>")
            .Sends("<SEQ=101><ACK=1001><CTL=ACK>")
            .Arrives("<SEQ=1001><ACK=101><CTL=ACK>"); // only now the window is scaled
        for (int left = segments; left > 0; left -= 10)
        {
            bench.Writes(Math.Min(10, left) * Mss).Drain();
            bench.AfterMs(0.001);
        }

        Assert.Equal(segments * Mss, bench.Report.BytesOutstanding);
        return bench.AfterMs(90);
    }

    private static uint At(int segment) => 101 + (uint)segment * Mss;

    private static long Cost(TcbBench bench, Action act)
    {
        long before = bench.Report.FlightLooks;
        act();
        return bench.Report.FlightLooks - before;
    }

    [Theory]
    [InlineData(10)]
    [InlineData(100)]
    [InlineData(7000)]
    public void Ack_with_three_blocks_behind_a_hole_costs_the_same_however_much_is_outstanding(int segments)
    {
        TcbBench bench = Outstanding(segments);
        int third = segments * 2 / 5;
        string first = $"{At(third)}-{At(third + 1)},{At(2)}-{At(third - 1)}";
        bench.Arrives($"<SEQ=1001><CTL=ACK><ACK=101><SACK={first}>").Drain();
        string known = $"{At(2)}-{At(third - 1)},{At(third)}-{At(third + 1)}";
        for (int last = third + 3; last < segments; last++)
        {
            bench.AfterMs(0.01);
            string blocks = $"{At(third + 2)}-{At(last)},{known}";
            long cost = Cost(bench, () => bench.Arrives($"<SEQ=1001><CTL=ACK><ACK=101><SACK={blocks}>").Drain());
            Assert.True(cost <= Bound, $"{cost} entries looked at, {last} reported");
        }

        Assert.True(bench.Report.BytesSacked >= (segments - 6) * Mss);
    }

    /// <summary>All but the last are overtaken, and may still come.</summary>
    [Fact]
    public void Ack_while_thousands_may_still_come_looks_at_some_of_them()
    {
        TcbBench bench = Outstanding(7000);
        bench.Arrives($"<SEQ=1001><CTL=ACK><ACK=101><SACK={At(6999)}-{At(7000)}>");
        for (int i = 0; i < 100; i++)
        {
            int wnd = 65_000 - i;
            Assert.InRange(Cost(bench, () => bench.Arrives($"<SEQ=1001><CTL=ACK><ACK=101><WND={wnd}>")), 0, Bound);
        }

        Assert.Equal(0, bench.Report.BytesLost);
    }

    /// <summary>Each of thousands that were sent again is reported by itself.</summary>
    [Fact]
    public void Ack_while_thousands_are_sent_again_costs_no_more()
    {
        TcbBench bench = Outstanding(6000);
        bench.Arrives($"<SEQ=1001><CTL=ACK><ACK=101><SACK={At(5990)}-{At(6000)}>").AfterMs(40).Drain();
        Assert.True(bench.Report.BytesRetransmitted > 5000 * Mss);
        bench.AfterMs(100);
        long cost = Cost(bench, () =>
        {
            for (int i = 0; i < 5000; i++)
            {
                bench.Arrives($"<SEQ=1001><CTL=ACK><ACK=101><SACK={At(i + 1)}-{At(i + 2)},{At(5990)}-{At(6000)}>");
            }
        });
        Assert.InRange(cost, 0, 5000 * Bound);
    }

    /// <summary>
    /// A peer takes back all that it reported with every second ACK, or says that all was sent again for nothing: it is
    /// followed as long as what was sent pays for it.
    /// </summary>
    [Fact]
    public void Peer_that_takes_its_reports_back_again_and_again_is_not_followed_for_ever()
    {
        TcbBench bench = Outstanding(5000);
        long cost = Cost(bench, () =>
        {
            for (int i = 1; i < 1000; i++)
            {
                bench.Arrives($"<SEQ=1001><CTL=ACK><ACK={At(i - 1)}><SACK={At(i)}-{At(5000)}>")
                    .Arrives($"<SEQ=1001><CTL=ACK><ACK={At(i)}>");
            }
        });
        Assert.InRange(cost, 5000, 2000 * Bound + 12 * 5000);
    }

    /// <summary>Reports at random, hostile ones among them: what all of them cost is paid for.</summary>
    [Fact]
    public void Random_reports_cost_what_is_new_in_them()
    {
        for (int seed = 0; seed < 6; seed++)
        {
            const int Segments = 5000;
            const int Acks = 1500;
            var random = new Random(seed);
            TcbBench bench = Outstanding(Segments);
            int una = 0;
            long cost = Cost(bench, () =>
            {
                for (int i = 0; i < Acks; i++)
                {
                    una += random.Next(20) == 0 ? random.Next(3) : 0;
                    string blocks = string.Join(',', Enumerable.Range(0, 3).Select(_ =>
                    {
                        int left = random.Next(una + 1, Segments - 1);
                        int most = i > Acks / 2 ? Segments : 6; // sparse at first
                        return $"{At(left)}-{At(Math.Min(Segments - 1, left + random.Next(1, most)))}";
                    }));
                    bench.AfterMs(random.Next(4)).Arrives($"<SEQ=1001><CTL=ACK><ACK={At(una)}><SACK={blocks}>");
                    if (random.Next(3) == 0)
                        bench.Drain();
                }
            });
            long timeouts = bench.Report.Counters.Timeouts; // each walks the flight, and forgets what was taken back
            long paid = Acks * Bound + (12 + 8 * timeouts) * Segments;
            Assert.True(cost <= paid, $"seed {seed}: {cost} entries looked at, {paid} paid for");
        }
    }
}
