using UserTcp.Primitives;
using UserTcp.Tcp.Send;
using UserTcp.Tests.Support;

namespace UserTcp.Tests.Tcp.Send;

public sealed class SpuriousDetectionTests
{
    private static Instant At(double milliseconds) => new(TimeSpan.FromMilliseconds(1000 + milliseconds).Ticks);

    private static SpuriousDetection SentAgainAt(double milliseconds)
    {
        var detection = default(SpuriousDetection);
        detection.Begin(new SeqNumber(100));
        detection.OnRetransmitted(1000, At(milliseconds));
        return detection;
    }

    [Theory]
    [InlineData(5, 10, true)] // the first transmission answered
    [InlineData(10, 10, false)] // the retransmission did
    [InlineData(12, 10, false)]
    [InlineData(5, 8, false)] // what an earlier recovery sent again: its late echo says nothing of this one
    [Rfc("3522 §3.2", "R3522-1", "R3522-2")]
    public void Echo_is_compared_with_the_retransmission_that_it_covers(
        double echoed, double sentAgain, bool expected) =>
        Assert.Equal(expected, SentAgainAt(10).IsEchoOfOriginal(At(echoed), At(sentAgain)));

    [Fact, Rfc("3522 §3.2")]
    public void A_new_recovery_counts_anew()
    {
        SpuriousDetection detection = SentAgainAt(10);
        detection.End();
        detection.Begin(new SeqNumber(5000));
        Assert.False(detection.HasSentAgain);
        detection.OnRetransmitted(1000, At(20));
        Assert.False(detection.IsEchoOfOriginal(At(9), At(15))); // sent again by the recovery before
        Assert.True(detection.OnDuplicate(new SeqNumber(5000), new SeqNumber(6000), new SeqNumber(9000)));
    }

    [Fact, Rfc("3522 §3.2")]
    public void Without_an_echo_or_a_retransmission_there_is_no_evidence()
    {
        SpuriousDetection detection = SentAgainAt(10);
        Assert.False(detection.IsEchoOfOriginal(Instant.Never, At(10)));
        Assert.False(detection.IsEchoOfOriginal(At(5), Instant.Never));
        detection.End();
        Assert.False(detection.IsEchoOfOriginal(At(5), At(10)));
    }

    [Fact, Rfc("3708 §3")]
    public void Every_octet_sent_again_must_be_reported_twice()
    {
        SpuriousDetection detection = SentAgainAt(10);
        detection.OnRetransmitted(1000, At(11));
        var recoveryPoint = new SeqNumber(5000);
        Assert.False(detection.OnDuplicate(new SeqNumber(100), new SeqNumber(1100), recoveryPoint));
        Assert.False(detection.OnDuplicate(new SeqNumber(6000), new SeqNumber(7000), recoveryPoint)); // of another time
        Assert.True(detection.OnDuplicate(new SeqNumber(1100), new SeqNumber(2100), recoveryPoint));
    }
}
