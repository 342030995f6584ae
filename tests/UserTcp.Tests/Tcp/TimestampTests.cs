using UserTcp.Buffers;
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
    [Rfc("7323 §3.2", "R7323-28")]
    public void Timestamps_are_echoed() => Stamped()
        .Arrives("<SEQ=1001><CTL=ACK><LEN=10><TS=600/1000000>").Sends("<ACK=1011><CTL=ACK><TS=1000000/600>");

    [Fact]
    [Rfc("7323 §4.3", "R7323-10")]
    public void Delayed_ack_echoes_the_first_of_the_segments_it_covers() => Stamped() // RFC 7323 §4.3 (A)
        .Arrives("<SEQ=1001><CTL=ACK><LEN=10><TS=600/1000000>")
        .Arrives("<SEQ=1011><CTL=ACK><LEN=10><TS=700/1000000>")
        .Sends("<ACK=1021><CTL=ACK><TS=1000000/600>");

    [Fact]
    [Rfc("7323 §4.3", "R7323-25")]
    public void Out_of_order_segment_is_not_echoed() => Stamped() // RFC 7323 §4.3 (B)
        .Arrives("<SEQ=1501><CTL=ACK><LEN=10><TS=900/1000000>").Sends("<ACK=1001><CTL=ACK><TS=1000000/500>");

    [Fact]
    [Rfc("7323 §5.3")]
    [Rfc("7323 §5.2", "R7323-29")]
    public void Old_duplicate_is_refused_by_paws() => Stamped()
        .Arrives("<SEQ=1001><CTL=ACK><LEN=10><TS=499/1000000>").Sends("<ACK=1001><CTL=ACK><TS=1000000/500>").Silent()
        .Readable(0);

    /// <summary>Segments that a retransmission overtook arrived all the same.</summary>
    [Fact, Rfc("7323 §5.3")]
    public void What_is_overtaken_by_a_retransmission_is_taken_for_a_tenth_of_a_second() => Stamped()
        .AfterMs(200).Arrives("<SEQ=1001><CTL=ACK><LEN=10><TS=650/1000000>").Sends("<ACK=1011><CTL=ACK>")
        .AfterMs(150).Arrives("<SEQ=1021><CTL=ACK><LEN=10><TS=700/1000000>").Sends("<ACK=1011><CTL=ACK>")
        .Arrives("<SEQ=1011><CTL=ACK><LEN=10><TS=800/1000000>").Sends("<ACK=1031><CTL=ACK>")
        .AfterMs(90).Arrives("<SEQ=1031><CTL=ACK><LEN=10><TS=750/1000000>").Readable(40)
        .Arrives("<SEQ=1041><CTL=ACK><LEN=10><TS=649/1000000>").Readable(40)
        .AfterMs(10).Arrives("<SEQ=1041><CTL=ACK><LEN=10><TS=799/1000000>").Readable(40);

    /// <summary>Else one who guesses a number could have all that follows taken for old.</summary>
    [Fact, Rfc("7323 §4.3")]
    public void Timestamp_of_a_segment_with_an_invalid_ack_is_not_kept() => Stamped()
        .Arrives("<SEQ=1001><ACK=900000><CTL=ACK><LEN=10><TS=900000/1000000>").Sends("<ACK=1001><CTL=ACK>").Readable(0)
        .Arrives("<SEQ=1001><CTL=ACK><LEN=10><TS=600/1000000>").Sends("<ACK=1011><CTL=ACK><TS=1000000/600>")
        .Readable(10);

    [Fact]
    [Rfc("7323 §5.2", "R7323-13")]
    public void Reset_passes_paws() => Stamped()
        .Arrives("<SEQ=1001><CTL=RST><TS=1/0>").State(TcpState.Closed);

    [Fact]
    [Rfc("7323 §3.2", "R7323-23")]
    public void Segment_without_the_timestamp_is_taken() => Stamped()
        .Arrives("<SEQ=1001><CTL=ACK><LEN=10>").Readable(10);

    [Fact]
    [Rfc("7323 §5.5", "R7323-16")]
    public void Connection_idle_for_25_days_accepts_a_wrapped_clock()
    {
        TcbBench bench = Stamped().After(TimeSpan.FromDays(25));
        bench.Arrives($"<SEQ=1001><CTL=ACK><LEN=10><TS={unchecked(500u - 10_000)}/1000000>").Readable(10);
    }

    [Fact]
    [Rfc("2018 §4", "R2018-4", "R2018-5", "R2018-7")]
    public void Sack_blocks_start_with_the_newest_and_leave_room_for_timestamps()
    {
        TcbBench bench = Stamped(sack: true);
        foreach (uint seq in (uint[])[3001, 5001, 7001, 9001])
        {
            bench.Arrives($"<SEQ={seq}><CTL=ACK><LEN=1000><TS=501/1000000>");
        }

        List<SegmentPlan> acks = bench.Drain();
        Assert.Equal(4, acks.Count);
        Assert.All(acks, ack => Assert.True(ack.Options.SackCount > 0));
        bench.Arrives("<SEQ=4001><CTL=ACK><LEN=500><TS=501/1000000>")
            .Sends("<ACK=1001><CTL=ACK><SACK=3001-4501,9001-10001,7001-8001>");
    }

    [Fact]
    [Rfc("2018 §4", "R2018-3")]
    public void Text_makes_room_for_sack_blocks()
    {
        TcbBench bench = Stamped(sack: true).Arrives("<SEQ=3001><CTL=ACK><LEN=1000><TS=501/1000000>")
            .Sends("<ACK=1001><CTL=ACK><SACK=3001-4001>");
        bench.Writes(2000).Sends("<SEQ=101><CTL=ACK><LEN=976><SACK=3001-4001>");
    }

    [Fact]
    [Rfc("2018 §4", "R2018-6")]
    public void Four_blocks_fit_without_timestamps()
    {
        TcbBench bench = TcbBench.Established(TcbBench.Defaults(sack: true), "<MSS=1000><SACKOK>");
        foreach (uint seq in (uint[])[3001, 5001, 7001, 9001, 11_001])
        {
            bench.Arrives($"<SEQ={seq}><CTL=ACK><LEN=1000>");
        }

        bench.Sends("<ACK=1001><CTL=ACK><SACK=11001-12001,9001-10001,7001-8001,5001-6001>");
    }

    [Fact, Rfc("2018 §8", "R2018-12")]
    public void What_gave_way_to_text_in_order_is_no_longer_reported()
    {
        TcpConfig offered = TcbBench.Defaults(sack: true, scaling: true, receiveBuffer: 1 << 20);
        TcpConfig config = offered with { AutoTuneBuffers = false };
        TcbBench bench = TcbBench.Established(config, "<MSS=1000><SACKOK><WS=7>")
            .Arrives("<SEQ=1001><CTL=ACK><LEN=9000>").Sends("<ACK=10001><CTL=ACK>")
            .Arrives("<SEQ=76001><CTL=ACK><LEN=1000>").Sends("<ACK=10001><CTL=ACK><SACK=76001-77001>");
        while (bench.Pool.TryRent(Chunk.SmallSize) is not null)
        {
        }

        bench.Arrives("<SEQ=10001><CTL=ACK><LEN=56500>").Arrives("<SEQ=66501><CTL=ACK><LEN=400>")
            .Sends("<ACK=66901><CTL=ACK><SACK=none>").Silent();
    }

    [Fact]
    [Rfc("2018 §4", "R2018-2")]
    public void Peer_without_sack_gets_no_blocks() => TcbBench.Established(TcbBench.Defaults(sack: true))
        .Arrives("<SEQ=3001><CTL=ACK><LEN=1000>").Sends("<ACK=1001><CTL=ACK><SACK=none>");
}
