using UserTcp.Primitives;
using UserTcp.Tcp;
using UserTcp.Tests.Support;

namespace UserTcp.Tests.Tcp;

public sealed class AckTests
{
    [Fact]
    [Rfc("9293 §3.8.6.3", "SHLD-18", "MUST-40")]
    [Rfc("5681 §4.2", "R5681-14", "R5681-15")]
    public void Single_segment_waits_for_the_delayed_ack()
    {
        TcbBench bench = TcbBench.Settled().Arrives("<SEQ=11001><CTL=ACK><LEN=1000>").Silent();
        TimeSpan delay = bench.ToDeadline();
        Assert.Equal(TimeSpan.FromMilliseconds(40), delay);
        Assert.True(delay < TimeSpan.FromMilliseconds(500));
        bench.Sends("<ACK=12001><CTL=ACK>").Silent();
    }

    [Fact]
    [Rfc("9293 §3.8.6.3", "SHLD-19")]
    [Rfc("5681 §4.2", "R5681-14")]
    public void Every_second_full_segment_is_acknowledged_at_once() => TcbBench.Settled()
        .Arrives("<SEQ=11001><CTL=ACK><LEN=1000>").Silent()
        .Arrives("<SEQ=12001><CTL=ACK><LEN=1000>").Sends("<ACK=13001><CTL=ACK>").Silent()
        .Arrives("<SEQ=13001><CTL=ACK><LEN=1000>").Silent()
        .Arrives("<SEQ=14001><CTL=ACK><LEN=1000>").Sends("<ACK=15001><CTL=ACK>");

    [Fact]
    public void A_batch_is_acknowledged_once()
    {
        TcbBench bench = TcbBench.Settled();
        for (uint seq = 11_001; seq < 55_001; seq += 1000)
        {
            bench.Arrives($"<SEQ={seq}><CTL=ACK><LEN=1000>");
        }

        bench.Sends("<ACK=55001><CTL=ACK>").Silent().AfterMs(100).Silent();
    }

    [Fact]
    public void Small_segments_are_acknowledged_when_they_add_up()
    {
        TcbBench bench = TcbBench.Settled();
        for (uint seq = 11_001; seq < 12_901; seq += 100)
        {
            bench.Arrives($"<SEQ={seq}><CTL=ACK><LEN=100>").Silent();
        }

        bench.Arrives("<SEQ=12901><CTL=ACK><LEN=100>").Sends("<ACK=13001><CTL=ACK>");
    }

    [Fact]
    public void First_segments_are_acknowledged_at_once() => TcbBench.Established()
        .Arrives("<SEQ=1001><CTL=ACK><LEN=10>").Sends("<ACK=1011><CTL=ACK>")
        .Arrives("<SEQ=1011><CTL=ACK><LEN=10>").Sends("<ACK=1021><CTL=ACK>");

    [Fact]
    public void Text_carries_the_delayed_ack() => TcbBench.Settled()
        .Arrives("<SEQ=11001><CTL=ACK><LEN=100>").Silent()
        .Writes(50).Sends("<SEQ=101><ACK=11101><CTL=PSH,ACK><LEN=50>")
        .AfterMs(100).Silent();

    [Fact]
    public void Segment_without_text_is_owed_no_ack_after_a_delayed_one() => TcbBench.Settled()
        .Arrives("<SEQ=11001><CTL=ACK><LEN=100>").AfterMs(40).Sends("<ACK=11101><CTL=ACK>")
        .Arrives("<SEQ=11101><CTL=ACK>").AfterMs(100).Silent();

    [Fact]
    public void Text_carries_the_ack_of_a_filled_hole() => TcbBench.Established()
        .Arrives("<SEQ=2001><CTL=ACK><LEN=1000>").Arrives("<SEQ=1001><CTL=ACK><LEN=1000>")
        .Writes(50).Sends("<SEQ=101><ACK=3001><CTL=PSH,ACK><LEN=50>").Silent();

    [Fact]
    public void Fin_is_acknowledged_at_once() => TcbBench.Settled()
        .Arrives("<SEQ=11001><CTL=FIN,ACK>").Sends("<ACK=11002><CTL=ACK>");

    [Fact]
    [Rfc("9293 §3.9.1.3", "MAY-17")]
    public void Push_makes_text_readable_no_sooner_and_no_later() => TcbBench.Established()
        .Arrives("<SEQ=1001><CTL=ACK><LEN=10>").Readable(10).Saw(Effects.Readable)
        .Arrives("<SEQ=1011><CTL=PSH,ACK><LEN=10>").Readable(20).Saw(Effects.Readable);

    [Fact]
    public void Window_update_is_not_held_back_by_a_delayed_ack()
    {
        TcbBench bench = TcbBench.Established(TcbBench.Defaults(receiveBuffer: 20_000));
        for (uint seq = 1001; seq < 21_001; seq += 1000)
        {
            bench.Arrives($"<SEQ={seq}><CTL=ACK><LEN=1000>");
            bench.Drain();
        }

        bench.AfterMs(100);
        bench.Drain();
        Assert.Equal(0, bench.Report.ReceiveWindow);
        bench.Reads(2000).Sends("<ACK=21001><CTL=ACK><WND=2000>").Silent();
    }
}
