using UserTcp.Tests.Support;

namespace UserTcp.Tests.Tcp;

/// <summary>The rate of delivery, as the report tells it: of the network, or of the application.</summary>
public sealed class DeliveryRateTests
{
    private const double Tolerance = 1;

    [Fact]
    public void Each_flight_is_measured_by_itself()
    {
        TcbBench bench = Established();
        bench.Writes(10_000).Drain();
        bench.AfterMs(100).Arrives("<SEQ=1001><ACK=10101><CTL=ACK>");
        Assert.Equal(100_000, bench.Report.DeliveryRate, Tolerance);
        bench.Writes(5_000).Drain();
        bench.AfterMs(50).Arrives("<SEQ=1001><ACK=15101><CTL=ACK>");
        Assert.Equal(100_000, bench.Report.DeliveryRate, Tolerance);
        bench.Writes(10_000).Drain();
        bench.AfterMs(50).Arrives("<SEQ=1001><ACK=25101><CTL=ACK>");
        Assert.Equal(200_000, bench.Report.DeliveryRate, Tolerance);
        Assert.Equal(25_001, bench.Report.Delivered); // SYN counts
    }

    /// <summary>A lower rate of an application that pauses says nothing of the network; a higher one does.</summary>
    [Fact]
    public void A_rate_that_the_application_limits_lowers_nothing()
    {
        TcbBench bench = Established();
        bench.Writes(9_000).Drain();
        bench.AfterMs(100).Arrives("<SEQ=1001><ACK=9101><CTL=ACK>");
        bench.Writes(1_000).Drain();
        bench.AfterMs(100).Arrives("<SEQ=1001><ACK=10101><CTL=ACK>");
        Assert.Equal(90_000, bench.Report.DeliveryRate, Tolerance);
        bench.Writes(2_000).Drain();
        bench.AfterMs(10).Arrives("<SEQ=1001><ACK=12101><CTL=ACK>");
        Assert.Equal(200_000, bench.Report.DeliveryRate, Tolerance);
    }

    [Fact]
    public void A_rate_is_the_applications_only_if_the_windows_had_room()
    {
        TcbBench bench = Established();
        bench.Writes(2_000).Drain(); // and no more: cwnd has room for eight segments
        bench.AfterMs(10).Arrives("<SEQ=1001><ACK=2101><CTL=ACK>");
        Assert.True(bench.Report.IsDeliveryRateAppLimited);
        bench.Writes(1_000_000).Drain();
        for (int i = 0; i < 3; i++)
        {
            bench.AfterMs(10).Arrives($"<SEQ=1001><ACK={bench.LastSeqEnd.Value}><CTL=ACK>").Drain();
        }

        Assert.False(bench.Report.IsDeliveryRateAppLimited);
    }

    private static TcbBench Established() => TcbBench.Established(TcbBench.Defaults() with { Pacing = false });
}
