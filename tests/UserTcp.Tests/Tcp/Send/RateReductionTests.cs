using UserTcp.Tcp.Send;
using UserTcp.Tests.Support;

namespace UserTcp.Tests.Tcp.Send;

/// <summary>Proportional rate reduction on numbers; segments of 1,000 octets.</summary>
public sealed class RateReductionTests
{
    private const int Segment = 1000;

    private static ReductionFacts Facts(long delivered, long inFlight, long threshold, bool isSafe = false) => new()
    {
        Delivered = delivered, InFlight = inFlight, Threshold = threshold, SegmentSize = Segment, IsSafe = isSafe,
    };

    [Fact, Rfc("6937 §3.1")]
    [Rfc("6937 §3", "R6937-1", "R6937-2")]
    public void Above_the_threshold_seven_leave_for_ten_that_arrived()
    {
        // Twenty in flight, one lost, ssthresh 14: by the end 14/20 of what was delivered was sent.
        var reduction = default(RateReduction);
        reduction.Begin(20_000);
        long inFlight = 19_000;
        long sent = 0;
        for (int ack = 1; inFlight - Segment > 14_000; ack++)
        {
            inFlight -= Segment;
            reduction.OnAck(Facts(Segment, inFlight, 14_000));
            long room = (reduction.Window - inFlight) / Segment * Segment;
            reduction.OnSent(room);
            inFlight += room;
            sent += room;
            long due = (long)(0.7 * ack * Segment);
            Assert.InRange(sent, Math.Max(Segment, due - Segment), due + Segment);
        }
    }

    [Fact, Rfc("6937 §3.1")]
    [Rfc("6937 §3", "R6937-3")]
    public void Below_the_threshold_the_bound_is_what_was_delivered()
    {
        var reduction = default(RateReduction);
        reduction.Begin(20_000);
        reduction.OnAck(Facts(Segment, 5_000, 14_000));
        Assert.Equal(6_000, reduction.Window);
    }

    [Fact, Rfc("6937 §3.1")]
    [Rfc("6937 §3", "R6937-3")]
    public void Below_the_threshold_progress_without_further_loss_adds_a_segment()
    {
        var reduction = default(RateReduction);
        reduction.Begin(20_000);
        reduction.OnAck(Facts(Segment, 5_000, 14_000, isSafe: true));
        Assert.Equal(7_000, reduction.Window);
    }

    [Fact, Rfc("6937 §3.1")]
    public void Window_never_exceeds_the_threshold_when_less_is_in_flight()
    {
        var reduction = default(RateReduction);
        reduction.Begin(20_000);
        reduction.OnAck(Facts(12_000, 8_000, 14_000, isSafe: true));
        Assert.Equal(14_000, reduction.Window);
    }

    [Fact, Rfc("6937 §3")]
    public void First_retransmission_always_finds_room()
    {
        var reduction = default(RateReduction);
        reduction.Begin(10_000);
        reduction.OnAck(Facts(0, 9_000, 5_000));
        Assert.Equal(10_000, reduction.Window);
    }

    [Fact, Rfc("6937 §3", "R6937-5")]
    public void Ack_that_delivered_nothing_lets_nothing_out()
    {
        var reduction = default(RateReduction);
        reduction.Begin(10_000);
        reduction.OnAck(Facts(Segment, 9_000, 5_000));
        reduction.OnSent(Segment);
        reduction.OnAck(Facts(0, 9_000, 5_000));
        Assert.Equal(9_000, reduction.Window);
    }
}
