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
}
