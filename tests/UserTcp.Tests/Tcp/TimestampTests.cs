using UserTcp.Primitives;
using UserTcp.Tcp;
using UserTcp.Tests.Support;

namespace UserTcp.Tests.Tcp;

public sealed class TimestampTests
{
    private static TcbBench Stamped(bool sack = false) => TcbBench.Established(
        TcbBench.Defaults(timestamps: true, sack: sack), sack ? "<MSS=1012><TS=500/1000000><SACKOK>"
            : "<MSS=1012><TS=500/1000000>");

    [Fact]
    public void Timestamps_are_echoed() => Stamped()
        .Arrives("<SEQ=1001><CTL=ACK><LEN=10><TS=600/1000000>").Sends("<ACK=1011><CTL=ACK><TS=1000000/600>");

    [Fact]
    public void Delayed_ack_echoes_the_first_of_the_segments_it_covers() => Stamped() // RFC 7323 §4.3 (A)
        .Arrives("<SEQ=1001><CTL=ACK><LEN=10><TS=600/1000000>")
        .Arrives("<SEQ=1011><CTL=ACK><LEN=10><TS=700/1000000>")
        .Sends("<ACK=1021><CTL=ACK><TS=1000000/600>");

    [Fact]
    public void Out_of_order_segment_is_not_echoed() => Stamped() // RFC 7323 §4.3 (B)
        .Arrives("<SEQ=1501><CTL=ACK><LEN=10><TS=900/1000000>").Sends("<ACK=1001><CTL=ACK><TS=1000000/500>");

    [Fact]
    public void Old_duplicate_is_refused_by_paws() => Stamped()
        .Arrives("<SEQ=1001><CTL=ACK><LEN=10><TS=499/1000000>").Sends("<ACK=1001><CTL=ACK>").Silent().Readable(0);

    [Fact]
    public void Reset_passes_paws() => Stamped()
        .Arrives("<SEQ=1001><CTL=RST><TS=1/0>").State(TcpState.Closed);

    [Fact]
    public void Segment_without_the_timestamp_is_taken() => Stamped()
        .Arrives("<SEQ=1001><CTL=ACK><LEN=10>").Readable(10);

    [Fact]
    public void Connection_idle_for_25_days_accepts_a_wrapped_clock()
    {
        TcbBench bench = Stamped().After(TimeSpan.FromDays(25));
        bench.Arrives($"<SEQ=1001><CTL=ACK><LEN=10><TS={unchecked(500u - 10_000)}/1000000>").Readable(10);
    }

    [Fact]
    public void Sack_blocks_start_with_the_newest_and_leave_room_for_timestamps()
    {
        TcbBench bench = Stamped(sack: true);
        foreach (uint seq in (uint[])[3001, 5001, 7001, 9001])
        {
            bench.Arrives($"<SEQ={seq}><CTL=ACK><LEN=1000><TS=501/1000000>");
        }

        List<SegmentPlan> acks = bench.Drain();
        Assert.Equal(4, acks.Count);
        bench.Arrives("<SEQ=4001><CTL=ACK><LEN=500><TS=501/1000000>")
            .Sends("<ACK=1001><CTL=ACK><SACK=3001-4501,9001-10001,7001-8001>");
    }

    [Fact]
    public void Text_makes_room_for_sack_blocks()
    {
        TcbBench bench = Stamped(sack: true).Arrives("<SEQ=3001><CTL=ACK><LEN=1000><TS=501/1000000>")
            .Sends("<ACK=1001><CTL=ACK><SACK=3001-4001>");
        bench.Writes(2000).Sends("<SEQ=101><CTL=ACK><LEN=976><SACK=3001-4001>");
    }

    [Fact]
    public void Four_blocks_fit_without_timestamps()
    {
        TcbBench bench = TcbBench.Established(TcbBench.Defaults(sack: true), "<MSS=1000><SACKOK>");
        foreach (uint seq in (uint[])[3001, 5001, 7001, 9001, 11_001])
        {
            bench.Arrives($"<SEQ={seq}><CTL=ACK><LEN=1000>");
        }

        bench.Sends("<ACK=1001><CTL=ACK><SACK=11001-12001,9001-10001,7001-8001,5001-6001>");
    }

    [Fact]
    public void Peer_without_sack_gets_no_blocks() => TcbBench.Established(TcbBench.Defaults(sack: true))
        .Arrives("<SEQ=3001><CTL=ACK><LEN=1000>").Sends("<ACK=1001><CTL=ACK><SACK=none>");
}
