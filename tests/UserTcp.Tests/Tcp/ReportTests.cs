using UserTcp.Tests.Support;

namespace UserTcp.Tests.Tcp;

/// <summary>STATUS: what a connection says of itself.</summary>
public sealed class ReportTests
{
    [Fact]
    public void Only_text_ends_the_time_since_the_last_send()
    {
        TcbBench bench = TcbBench.Established()
            .Writes(100).Sends("<CTL=PSH,ACK><LEN=100>").Arrives("<SEQ=1001><ACK=201><CTL=ACK>")
            .After(TimeSpan.FromSeconds(1)).Arrives("<SEQ=1001><ACK=201><CTL=ACK><LEN=1000>")
            .Arrives("<SEQ=2001><ACK=201><CTL=ACK><LEN=1000>").Sends("<ACK=3001><CTL=ACK>");

        Assert.Equal(TimeSpan.FromSeconds(1), bench.Report.SinceLastSend);
    }

    [Fact]
    public void Each_time_that_the_window_shuts_counts_once()
    {
        TcbBench bench = TcbBench.Established();
        Assert.Equal(0, bench.Report.Counters.ZeroWindows);
        bench.Arrives("<SEQ=1001><ACK=101><CTL=ACK><WND=0>").Arrives("<SEQ=1001><ACK=101><CTL=ACK><WND=0>");
        Assert.Equal(1, bench.Report.Counters.ZeroWindows);
        bench.Arrives("<SEQ=1001><ACK=101><CTL=ACK><WND=9000>").Arrives("<SEQ=1001><ACK=101><CTL=ACK><WND=0>");
        Assert.Equal(2, bench.Report.Counters.ZeroWindows);
    }

    /// <summary>cwnd of ten segments: with nine in flight it has room for one, which the peer has not.</summary>
    [Theory]
    [InlineData(9_000, true)]
    [InlineData(10_000, false)]
    public void The_window_that_limits_is_told(int window, bool isPeers)
    {
        TcbBench bench = TcbBench.Established(TcbBench.Defaults() with { Pacing = false }, window: (uint)window);
        bench.Writes(20_000).Drain();
        bench.AfterMs(50);
        Assert.Equal(isPeers ? 50 : 0, bench.Report.Times.PeerWindowLimited.TotalMilliseconds);
    }
}
