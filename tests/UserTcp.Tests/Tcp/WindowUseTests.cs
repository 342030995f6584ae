using UserTcp.Tcp;
using UserTcp.Tcp.Send;
using UserTcp.Tests.Support;

namespace UserTcp.Tests.Tcp;

/// <summary>
/// Whether the window was used is judged over a flight (RFC 7661 §4.3), and a recovery that sent nothing again leaves
/// no trace.
/// </summary>
public sealed class WindowUseTests
{
    private static readonly TimeSpan s_rtt = TimeSpan.FromMilliseconds(100);

    public static TheoryData<string> Controls => ["cubic", "newreno"];

    private static CongestionControl Named(string name) =>
        name == "cubic" ? CongestionControl.Cubic : CongestionControl.NewReno;

    private static TcbBench Established(string control, bool sack = true)
    {
        TcpConfig config = TcbBench.Defaults(sack: sack, congestion: Named(control));
        return TcbBench.SynSent(config).Elapse(s_rtt)
            .Arrives($"<SEQ=1000><ACK=101><CTL=SYN,ACK><WND=65535><MSS=1000>{(sack ? "<SACKOK>" : "")}")
            .Sends("<SEQ=101><ACK=1001><CTL=ACK>").State(TcpState.Established);
    }

    [Theory, MemberData(nameof(Controls))]
    [Rfc("9438 §5.8"), Rfc("5681 §3.1")]
    public void Full_flight_doubles_the_window_although_nothing_follows_it(string control)
    {
        TcbBench bench = Established(control).Writes(10_000);
        Assert.Equal(10, bench.Drain().Count);
        bench.Elapse(s_rtt);
        for (uint ack = 2101; ack <= 10_101; ack += 2000)
        {
            bench.Arrives($"<SEQ=1001><ACK={ack}><CTL=ACK>").Silent();
        }

        Assert.Equal(20_000, bench.Report.CongestionWindow);
    }

    [Theory, MemberData(nameof(Controls))]
    [Rfc("9438 §5.8")]
    public void Window_that_was_half_used_does_not_grow(string control)
    {
        TcbBench bench = Established(control).Writes(5_000);
        bench.Drain();
        bench.Elapse(s_rtt).Arrives("<SEQ=1001><ACK=3101><CTL=ACK>").Arrives("<SEQ=1001><ACK=5101><CTL=ACK>");
        Assert.Equal(10_000, bench.Report.CongestionWindow);
    }

    [Theory, MemberData(nameof(Controls))]
    [Rfc("9438 §5.8")]
    public void Full_flight_of_earlier_says_nothing_of_a_small_one(string control)
    {
        TcbBench bench = Established(control).Writes(10_000);
        bench.Drain();
        bench.Elapse(s_rtt).Arrives("<SEQ=1001><ACK=10101><CTL=ACK>").Writes(3_000).Drain();
        bench.Elapse(s_rtt).Arrives("<SEQ=1001><ACK=12101><CTL=ACK>").Arrives("<SEQ=1001><ACK=13101><CTL=ACK>");
        Assert.Equal(20_000, bench.Report.CongestionWindow);
    }

    /// <summary>However its ACKs are cut, and whatever is written meanwhile.</summary>
    [Fact]
    [Rfc("9438 §5.8"), Rfc("5681 §3.1")]
    public void Full_flight_doubles_the_window_however_its_ACKs_fall()
    {
        for (int seed = 0; seed < 200; seed++)
        {
            var random = new Random(seed);
            TcbBench bench = Established(seed % 2 == 0 ? "cubic" : "newreno").Writes(10_000);
            bench.Drain();
            bench.Elapse(s_rtt);
            for (int acked = 0; acked < 10; )
            {
                acked += random.Next(1, 11 - acked);
                bench.Arrives($"<SEQ=1001><ACK={101 + acked * 1000}><CTL=ACK>");
                if (random.Next(4) == 0)
                    bench.Writes(random.Next(1, 3000));
                bench.Drain();
            }

            Assert.True(bench.Report.CongestionWindow == 20_000, $"seed {seed}: {bench.Report.CongestionWindow}");
        }
    }

    [Theory, MemberData(nameof(Controls))]
    [Rfc("4015 §3.4")]
    public void Recovery_that_sent_nothing_again_before_the_late_segment_came_is_undone(string control)
    {
        TcbBench bench = Established(control).Writes(10_000);
        bench.Drain();
        bench.Elapse(s_rtt).Arrives("<SEQ=1001><ACK=101><CTL=ACK><SACK=1101-5101>");
        Assert.Equal(RecoveryState.Recovery, bench.Report.Recovery);
        bench.Arrives("<SEQ=1001><ACK=5101><CTL=ACK>");
        Assert.Equal(RecoveryState.Open, bench.Report.Recovery);
        Assert.Equal(long.MaxValue, bench.Report.SlowStartThreshold);
        Assert.InRange(bench.Report.CongestionWindow, 10_000, 15_000);
        Assert.Equal(1, bench.Report.Counters.SpuriousRecoveries);
        Assert.True(bench.Report.ReorderingSeen);
        Assert.DoesNotContain(bench.Drain(), plan => plan.IsRetransmission);
    }

    [Theory, MemberData(nameof(Controls))]
    [Rfc("4015 §3.4")]
    public void Recovery_by_counting_that_sent_nothing_again_is_undone_and_the_next_one_is_entered(string control)
    {
        TcbBench bench = Established(control, sack: false).Writes(30_000);
        bench.Drain();
        bench.Elapse(s_rtt);
        const string Same = "<SEQ=1001><ACK=101><CTL=ACK>";
        bench.Arrives(Same).Arrives(Same).Arrives(Same);
        Assert.Equal(RecoveryState.Recovery, bench.Report.Recovery);
        bench.Arrives("<SEQ=1001><ACK=5101><CTL=ACK>");
        Assert.Equal(long.MaxValue, bench.Report.SlowStartThreshold);
        bench.Drain();
        const string Next = "<SEQ=1001><ACK=5101><CTL=ACK>";
        bench.AfterMs(1).Arrives(Next).Arrives(Next).Arrives(Next);
        Assert.Equal(RecoveryState.Recovery, bench.Report.Recovery);
        Assert.True(bench.Drain()[0].IsRetransmission);
    }

    [Theory, MemberData(nameof(Controls))]
    public void Four_ACKs_of_a_path_that_reorders_leave_the_window_as_it_was(string control)
    {
        TcbBench bench = Established(control).Writes(60_000);
        uint una = 101;
        for (int round = 0; round < 4; round++)
        {
            bench.Drain();
            bench.AfterMs(0.04).Arrives($"<SEQ=1001><ACK={una}><CTL=ACK><SACK={una + 1000}-{una + 5000}>");
            una += 5000;
            bench.Arrives($"<SEQ=1001><ACK={una}><CTL=ACK>");
        }

        Assert.Equal(0, bench.Report.Counters.Retransmits);
        Assert.True(bench.Report.CongestionWindow >= 10_000, $"{bench.Report.CongestionWindow}");
    }

    /// <summary>
    /// Segments arrive in any order, and the ACKs in batches of any size: as long as nothing was sent again, the window
    /// is what it was or more.
    /// </summary>
    [Fact]
    [Rfc("4015 §3.4")]
    public void Reordering_of_any_kind_costs_no_window_while_nothing_is_sent_again()
    {
        int undone = 0;
        for (int seed = 0; seed < 400; seed++)
        {
            undone += Reorder(seed);
        }

        Assert.True(undone > 100, $"only {undone} recoveries were undone");
    }

    private static int Reorder(int seed)
    {
        var random = new Random(seed);
        TcbBench bench = Established(seed % 2 == 0 ? "cubic" : "newreno").Writes(60_000);
        var inFlight = new List<uint>();
        var arrived = new SortedSet<uint>();
        uint una = 101;
        for (int batch = 0; batch < 40; batch++)
        {
            inFlight.AddRange(bench.Drain().Select(plan => plan.Seq.Value));
            if (bench.Report.Counters.Retransmits > 0 || inFlight.Count == 0)
                break;

            bench.AfterMs(random.Next(1, 40));
            for (int acks = random.Next(1, 8); acks > 0 && inFlight.Count > 0; acks--)
            {
                uint late = inFlight[random.Next(Math.Min(inFlight.Count, 6))];
                inFlight.Remove(late);
                arrived.Add(late);
                for (; arrived.Remove(una); una += 1000)
                {
                }

                string sack = arrived.Count == 0 ? "" : $"<SACK={Blocks(arrived)}>";
                bench.Arrives($"<SEQ=1001><ACK={una}><CTL=ACK>{sack}");
            }

            bool isRepairing = bench.Report.Recovery is RecoveryState.Recovery or RecoveryState.Loss;
            long window = bench.Report.CongestionWindow;
            Assert.True(isRepairing || window >= 10_000, $"seed {seed}: {window} at {una}");
        }

        return (int)bench.Report.Counters.SpuriousRecoveries;
    }

    private static string Blocks(SortedSet<uint> arrived)
    {
        var blocks = new List<(uint Left, uint Right)>();
        foreach (uint seq in arrived)
        {
            if (blocks.Count > 0 && blocks[^1].Right == seq)
                blocks[^1] = (blocks[^1].Left, seq + 1000);
            else
                blocks.Add((seq, seq + 1000));
        }

        return string.Join(',', blocks.Take(3).Select(block => $"{block.Left}-{block.Right}"));
    }
}
