using UserTcp.Primitives;
using UserTcp.Tcp;
using UserTcp.Tests.Support;

namespace UserTcp.Tests.Tcp;

public sealed class PersistTests
{
    private static TcbBench Shut() =>
        TcbBench.Established().Arrives("<SEQ=1001><ACK=101><CTL=ACK><WND=0>").Silent().Writes(3000).Silent();

    [Fact]
    [Rfc("9293 §3.8.6.1", "MUST-35", "MUST-36", "SHLD-29", "SHLD-30")]
    public void Closed_window_is_probed_with_growing_intervals()
    {
        TcbBench bench = Shut();
        double[] seconds = new double[11];
        for (int i = 0; i < seconds.Length; i++)
        {
            seconds[i] = bench.ToDeadline().TotalSeconds;
            bench.Sends("<SEQ=101><ACK=1001><CTL=ACK><LEN=1>").Silent().Arrives("<SEQ=1001><ACK=101><CTL=ACK><WND=0>");
        }

        // The first comes after the timeout, 200 ms on this path; then it doubles up to a minute.
        Assert.Equal([0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 51.2, 60, 60], seconds);
    }

    [Fact]
    [Rfc("9293 §3.8.6.1", "MUST-37")]
    public void Window_may_stay_closed_for_ever()
    {
        TcbBench bench = Shut();
        for (int i = 0; i < 1000; i++)
        {
            bench.ToDeadline();
            bench.Sends("<SEQ=101><CTL=ACK><LEN=1>").Arrives("<SEQ=1001><ACK=101><CTL=ACK><WND=0>");
        }

        bench.State(TcpState.Established);
    }

    [Fact]
    public void Window_that_opens_is_used_at_once()
    {
        TcbBench bench = Shut();
        bench.Arrives("<SEQ=1001><ACK=101><CTL=ACK><WND=65535>")
            .Sends("<SEQ=101><CTL=ACK><LEN=1000>").Sends("<SEQ=1101><CTL=ACK><LEN=1000>")
            .Sends("<SEQ=2101><CTL=PSH,ACK><LEN=1000>").Silent();
    }

    [Fact]
    public void Octet_of_the_probe_travels_again_in_a_full_segment()
    {
        TcbBench bench = Shut();
        bench.ToDeadline();
        bench.Sends("<SEQ=101><CTL=ACK><LEN=1>")
            .Arrives("<SEQ=1001><ACK=101><CTL=ACK><WND=65535>")
            .Sends("<SEQ=101><CTL=ACK><LEN=1000>").Sends("<SEQ=1101><CTL=ACK><LEN=1000>")
            .Sends("<SEQ=2101><CTL=PSH,ACK><LEN=1000>")
            .Arrives("<SEQ=1001><ACK=3101><CTL=ACK>").Silent();
        Assert.Equal(0, bench.Send.Unacknowledged);
    }

    [Fact]
    public void Octet_of_the_probe_may_be_taken()
    {
        TcbBench bench = Shut();
        bench.ToDeadline();
        bench.Sends("<SEQ=101><CTL=ACK><LEN=1>").Arrives("<SEQ=1001><ACK=102><CTL=ACK><WND=0>").Silent();
        bench.ToDeadline();
        bench.Sends("<SEQ=102><CTL=ACK><LEN=1>").Arrives("<SEQ=1001><ACK=103><CTL=ACK><WND=5000>")
            .Sends("<SEQ=103><CTL=ACK><LEN=1000>");
    }

    [Fact]
    public void Fin_alone_goes_through_a_closed_window() => TcbBench.Established()
        .Arrives("<SEQ=1001><ACK=101><CTL=ACK><WND=0>")
        .Calls(UserCall.Close).Sends("<SEQ=101><CTL=FIN,ACK>")
        .Arrives("<SEQ=1001><ACK=102><CTL=ACK><WND=0>").State(TcpState.FinWait2);

    [Fact]
    public void AppStopsReading()
    {
        // Zero window for minutes: probes are answered, and the window reopens without silly sizes.
        TcbBench bench = TcbBench.Established(TcbBench.Defaults(receiveBuffer: 10_000));
        for (uint seq = 1001; seq < 11_001; seq += 1000)
        {
            bench.Arrives($"<SEQ={seq}><CTL=ACK><LEN=1000>");
            bench.Drain();
        }

        for (int minute = 0; minute < 10; minute++)
        {
            bench.After(TimeSpan.FromMinutes(1));
            bench.Drain();
            bench.Arrives("<SEQ=11001><CTL=ACK><LEN=1>").Sends("<SEQ=101><ACK=11001><CTL=ACK><WND=0>").Silent();
        }

        bench.Reads(10_000).Sends("<SEQ=101><ACK=11001><CTL=ACK><WND=10000>").Silent();
    }

    [Fact]
    public void Sws_override_sends_what_a_small_window_takes()
    {
        TcbBench bench = TcbBench.Established().Writes(2000);
        bench.Drain();
        bench.Arrives("<SEQ=1001><ACK=2101><CTL=ACK><WND=100>").Writes(1000).Silent(); // 100 of 65,535: silly
        bench.ToDeadline();
        bench.Sends("<SEQ=2101><CTL=ACK><LEN=100>").Silent();
    }
}
