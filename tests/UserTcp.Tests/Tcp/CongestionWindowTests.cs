using UserTcp.Primitives;
using UserTcp.Tcp;
using UserTcp.Tcp.Send;
using UserTcp.Tests.Support;

namespace UserTcp.Tests.Tcp;

/// <summary>What is in flight stays within cwnd, whatever happened before.</summary>
public sealed class CongestionWindowTests
{
    [Theory, Rfc("9438 §5.8")]
    [InlineData(5_000, 10_000)]
    [InlineData(6_000, 16_000)]
    public void Window_grows_if_more_than_half_of_it_was_used(int written, long expected)
    {
        TcbBench bench = TcbBench.Established(TcbBench.Defaults(), "<MSS=1000>").Writes(written);
        bench.Drain();
        bench.Arrives($"<SEQ=1001><ACK={101 + written}><CTL=ACK>");
        Assert.Equal(expected, bench.Report.CongestionWindow);
    }

    [Fact]
    [Rfc("9293 §3.8.2", "MUST-19")]
    [Rfc("6675 §5", "R6675-6")]
    public void Duplicate_acks_of_mere_reordering_do_not_add_up()
    {
        TcbBench bench = TcbBench.Established().Writes(500_000);
        bench.Drain();
        uint acked = 101;
        for (int round = 0; round < 20; round++)
        {
            bench.Arrives($"<SEQ=1001><ACK={acked}><CTL=ACK>").Arrives($"<SEQ=1001><ACK={acked}><CTL=ACK>");
            bench.Drain();
            acked = bench.LastSeqEnd.Value;
            bench.Arrives($"<SEQ=1001><ACK={acked}><CTL=ACK>");
            bench.Drain();
            Assert.True(bench.LastSeqEnd - new SeqNumber(acked) <= bench.Report.CongestionWindow,
                $"{bench.LastSeqEnd - new SeqNumber(acked)} in flight, cwnd {bench.Report.CongestionWindow}");
        }
    }

    [Fact]
    public void First_super_segment_after_a_pause_is_within_the_restart_window()
    {
        TcbBench bench = TcbBench.Established(TcbBench.Defaults(gso: 64_000)).Writes(60_000);
        while (bench.Send.Unacknowledged > 0)
        {
            bench.Drain();
            bench.Arrives($"<SEQ=1001><ACK={bench.LastSeqEnd.Value}><CTL=ACK>");
        }

        Assert.True(bench.Report.CongestionWindow > 20_000);
        bench.After(TimeSpan.FromSeconds(30)).Writes(60_000);
        Assert.Equal(10_000, bench.Drain().Sum(plan => plan.PayloadLength));
    }

    [Fact]
    public void Smaller_path_takes_a_retransmission_that_was_too_large_for_lost_but_not_a_small_segment()
    {
        var flight = new Flight();
        flight.Append(new SentSegment { Seq = new SeqNumber(0), Length = 1000, SegmentSize = 1000 });
        flight.Append(new SentSegment { Seq = new SeqNumber(1000), Length = 100, SegmentSize = 1000 });
        flight.MarkAllLost();
        flight.OnRetransmitted(0, flight[0].Seq, 1000, 1000, new Instant(1));
        flight.OnRetransmitted(1, flight[1].Seq, 100, 1000, new Instant(1));
        flight.MarkOversizedLost(500);
        Assert.Equal(1000u, flight.LostBytes);
    }
}
