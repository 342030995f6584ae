using UserTcp.Primitives;
using UserTcp.Tcp.Send;
using UserTcp.Tests.Support;

namespace UserTcp.Tests.Tcp.Send;

/// <summary>When a flight's end is probed, and what the answer says (RFC 8985 §7).</summary>
public sealed class TailLossProbeTests
{
    private static readonly SeqNumber s_end = new(5000);

    [Theory]
    [InlineData(0, false, 1000)] // no sample yet
    [InlineData(100, false, 200)]
    [InlineData(100, true, 400)] // the peer may hold back the ACK of a single segment
    [Rfc("8985 §7.2", "R8985-13", "R8985-14")]
    public void Probe_waits_for_two_round_trips(double rtt, bool isSingle, double expected)
    {
        var estimator = default(RttEstimator);
        if (rtt > 0)
            estimator = estimator.Sample(TimeSpan.FromMilliseconds(rtt), new Instant(1));
        Assert.Equal(TimeSpan.FromMilliseconds(expected), TailLossProbe.Timeout(estimator, isSingle));
    }

    [Fact, Rfc("8985 §7.3", "R8985-15")]
    public void No_probe_follows_while_one_is_out_or_before_the_next_sample()
    {
        var probe = new TailLossProbe();
        Assert.True(probe.MayProbe);
        probe.OnSent(s_end, isRetransmission: true);
        Assert.False(probe.MayProbe);
        probe.Forget();
        Assert.False(probe.MayProbe);
        probe.OnRttSample();
        Assert.True(probe.MayProbe);
    }

    [Theory]
    [InlineData(true, false, 1, true)] // beyond it, and the copy was not reported: it filled a hole
    [InlineData(true, true, 1, false)] // both copies came
    [InlineData(false, false, 1, false)] // it was new text
    [InlineData(true, false, 0, false)] // as far as it: not known yet
    [Rfc("8985 §7.4.2", "R8985-20")]
    public void Answer_tells_whether_it_repaired_a_loss(
        bool isRetransmission, bool isReported, int beyond, bool expected)
    {
        var probe = new TailLossProbe();
        probe.OnSent(s_end, isRetransmission);
        Assert.Equal(expected, probe.OnAck(s_end + beyond, isDuplicateWithoutSack: false, isReported));
    }
}
