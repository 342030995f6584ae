using UserTcp.Primitives;
using UserTcp.Tcp;
using UserTcp.Tcp.Send;
using UserTcp.Tests.Support;

namespace UserTcp.Tests.Tcp.Send;

public sealed class ChronographTests
{
    private static (double Busy, double PeerWindow, double SendBuffer) Times(in Chronograph times) =>
        (times.Busy.TotalMilliseconds, times.PeerWindowLimited.TotalMilliseconds,
            times.SendBufferLimited.TotalMilliseconds);

    [Fact]
    public void Counts_each_time_where_it_belongs()
    {
        Instant At(double milliseconds) => new(TimeSpan.FromHours(1).Ticks + (long)(milliseconds * 10_000));
        var times = default(Chronograph);
        times.Enter(SendLimit.Idle, At(1));
        times.Enter(SendLimit.Network, At(10));
        times.Enter(SendLimit.PeerWindow, At(30));
        times.Enter(SendLimit.PeerWindow, At(35));
        times.Enter(SendLimit.SendBuffer, At(40));
        times.Enter(SendLimit.Idle, At(45));
        Assert.Equal((35, 10, 5), Times(times.At(At(100))));
        times.Enter(SendLimit.Network, At(100));
        Assert.Equal((42, 10, 5), Times(times.At(At(107))));
    }

    [Fact]
    public void Tcb_tells_what_held_it_up()
    {
        TcbBench bench = TcbBench.Established(window: 2000).AfterMs(50);
        bench.Writes(5000).Sends("<SEQ=101><CTL=ACK><LEN=1000>").Sends("<SEQ=1101><CTL=ACK><LEN=1000>").Silent();
        bench.AfterMs(10);
        Assert.Equal((10, 10, 0), Times(bench.Report.Times));
        bench.Arrives("<SEQ=1001><ACK=2101><CTL=ACK><WND=60000>").Drain();
        bench.AfterMs(10);
        Assert.Equal((20, 10, 0), Times(bench.Report.Times));
        bench.Send.IsWriterWaiting = true;
        bench.Arrives("<SEQ=1001><ACK=3101><CTL=ACK><WND=60000>").Silent();
        bench.AfterMs(10);
        Assert.Equal((30, 10, 10), Times(bench.Report.Times));
        bench.Arrives("<SEQ=1001><ACK=5101><CTL=ACK><WND=60000>").AfterMs(500);
        Assert.Equal((30, 10, 10), Times(bench.Report.Times));
    }
}
