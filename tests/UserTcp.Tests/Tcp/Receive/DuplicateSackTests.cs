using UserTcp.Tcp;
using UserTcp.Tests.Support;

namespace UserTcp.Tests.Tcp.Receive;

/// <summary>The examples of RFC 2883 §4, and what they leave out. Segments of 500 octets from 1001 on.</summary>
public sealed class DuplicateSackTests
{
    private static TcbBench Bench(TcpConfig? config = null) =>
        TcbBench.Established(config ?? TcbBench.Defaults(sack: true, mss: 500), "<MSS=500><SACKOK>");

    private static TcbBench Received(TcbBench bench, params uint[] seqs)
    {
        foreach (uint seq in seqs)
        {
            bench.Arrives($"<SEQ={seq}><CTL=ACK><LEN=500>");
            bench.Drain();
        }

        return bench;
    }

    [Fact]
    [Rfc("2883 §4.1.1", "Example 1")]
    [Rfc("2883 §4", "R2883-1")]
    public void Duplicate_segment_is_reported_once() => Received(Bench(), 1001, 1501)
        .Arrives("<SEQ=1001><CTL=ACK><LEN=500>").Sends("<ACK=2001><CTL=ACK><SACK=1001-1501>").Silent()
        .Writes(10).Sends("<ACK=2001><CTL=PSH,ACK><LEN=10><SACK=none>").Silent();

    [Fact]
    [Rfc("2883 §4.1.2", "Example 2", "R2883-4")]
    public void Duplicate_segment_is_reported_before_what_is_out_of_order() => Received(Bench(), 1001, 1501, 2501)
        .Arrives("<SEQ=1001><CTL=ACK><LEN=500>").Sends("<ACK=2001><CTL=ACK><SACK=1001-1501,2501-3001>").Silent();

    [Fact]
    [Rfc("2883 §4.1.3", "Example 3", "R2883-2")]
    public void Duplicate_out_of_order_is_followed_by_the_block_that_holds_it() => Received(Bench(), 1001, 2001, 2501)
        .Arrives("<SEQ=2501><CTL=ACK><LEN=500>").Sends("<ACK=1501><CTL=ACK><SACK=2501-3001,2001-3001>").Silent();

    [Fact]
    [Rfc("2883 §4.1.3")]
    public void Duplicate_of_a_whole_block_is_followed_by_that_block() => Received(Bench(), 2001)
        .Arrives("<SEQ=2001><CTL=ACK><LEN=500>").Sends("<ACK=1001><CTL=ACK><SACK=2001-2501,2001-2501>").Silent();

    [Fact]
    [Rfc("2883 §4.2.1", "R2883-3")]
    public void Duplicate_head_of_a_segment_that_fills_a_hole_is_reported() => Received(Bench(), 1001, 2001)
        .Arrives("<SEQ=1001><CTL=ACK><LEN=1000>").Sends("<ACK=2501><CTL=ACK><SACK=1001-1501>").Silent();

    [Fact]
    [Rfc("2883 §4.2.2")]
    public void Only_the_first_of_two_duplicate_parts_is_reported() => Received(Bench(), 1001, 2001, 3001)
        .Arrives("<SEQ=1001><CTL=ACK><LEN=1500>").Sends("<ACK=2501><CTL=ACK><SACK=1001-1501,3001-3501>").Silent();

    [Fact]
    [Rfc("2883 §4.2.3")]
    [Rfc("2883 §4.1.3", "R2883-2")]
    [Rfc("2883 §4.2.1", "R2883-3")]
    public void Duplicate_part_above_the_acknowledgment_is_followed_by_the_merged_block() =>
        Received(Bench(), 3501, 1501, 2501)
            .Arrives("<SEQ=1501><CTL=ACK><LEN=1500>")
            .Sends("<ACK=1001><CTL=ACK><SACK=1501-2001,1501-3001,3501-4001>").Silent();

    [Fact]
    [Rfc("2883 §4")]
    public void Duplicate_behind_new_text_in_order_is_reported() => Received(Bench(), 1501)
        .Arrives("<SEQ=1001><CTL=ACK><LEN=1000>").Sends("<ACK=2001><CTL=ACK><SACK=1501-2001>").Silent();

    [Fact]
    [Rfc("2883 §4")]
    public void Each_duplicate_of_a_batch_is_told_by_an_ACK_of_its_own() => Received(Bench(), 1001, 1501, 2001)
        .Arrives("<SEQ=1001><CTL=ACK><LEN=500>").Arrives("<SEQ=1501><CTL=ACK><LEN=500>")
        .Arrives("<SEQ=2001><CTL=ACK><LEN=500>")
        .Sends("<ACK=2501><CTL=ACK><SACK=1001-1501>").Sends("<ACK=2501><CTL=ACK><SACK=1501-2001>")
        .Sends("<ACK=2501><CTL=ACK><SACK=2001-2501>").Silent();

    [Fact]
    public void Duplicates_of_a_batch_whose_hole_is_filled_are_still_told() => Received(Bench(), 1501, 2001)
        .Arrives("<SEQ=1501><CTL=ACK><LEN=500>").Arrives("<SEQ=2001><CTL=ACK><LEN=500>")
        .Arrives("<SEQ=1001><CTL=ACK><LEN=500>")
        .Sends("<ACK=2501><CTL=ACK><SACK=1501-2001>").Sends("<ACK=2501><CTL=ACK><SACK=2001-2501>").Silent();

    [Fact]
    public void A_batch_of_duplicates_owes_no_more_than_the_bounds()
    {
        TcbBench bench = Received(Bench(), 1001);
        for (int i = 0; i < 200; i++)
        {
            bench.Arrives("<SEQ=1001><CTL=ACK><LEN=500>");
        }

        List<SegmentPlan> sent = bench.Drain();
        Assert.Equal(64, sent.Count);
        Assert.Equal(16, sent.Count(plan => plan.Options.SackCount > 0));
    }

    [Fact]
    public void Text_leaves_room_for_the_report() =>
        Received(Bench(TcbBench.Defaults(sack: true, mss: 500, timestamps: false)), 1001)
            .Writes(2000).Arrives("<SEQ=1001><CTL=ACK><LEN=1000>") // half of it is new: no duplicate ACK
            .Sends("<ACK=2001><CTL=ACK><LEN=488><SACK=1001-1501>").Sends("<ACK=2001><CTL=ACK><LEN=500><SACK=none>");

    [Fact]
    public void Keep_alive_probe_with_an_old_octet_is_reported_and_one_without_is_not()
    {
        TcbBench bench = Received(Bench(), 1001);
        bench.Arrives("<SEQ=1500><CTL=ACK><LEN=1>").Sends("<ACK=1501><CTL=ACK><SACK=1500-1501>").Silent();
        bench.Arrives("<SEQ=1500><CTL=ACK>").Sends("<ACK=1501><CTL=ACK><SACK=none>").Silent();
    }

    [Fact]
    public void Repeated_FIN_is_reported_with_its_text() => Received(Bench(), 1001)
        .Arrives("<SEQ=1501><CTL=FIN,ACK><LEN=100>").Sends("<ACK=1602><CTL=ACK><SACK=none>")
        .Arrives("<SEQ=1501><CTL=FIN,ACK><LEN=100>").Sends("<ACK=1602><CTL=ACK><SACK=1501-1602>").Silent();

    [Fact]
    public void Text_beyond_the_window_is_no_duplicate()
    {
        TcbBench bench = Bench(TcbBench.Defaults(sack: true, receiveBuffer: 2000));
        bench.Arrives("<SEQ=9001><CTL=ACK><LEN=500>").Sends("<ACK=1001><CTL=ACK><SACK=none>").Silent();
    }

    [Fact]
    public void Nothing_is_reported_without_SACK_or_where_it_is_switched_off()
    {
        TcpConfig off = TcbBench.Defaults(sack: true, mss: 500) with { LossRecovery = new() { DuplicateSack = false } };
        Received(Bench(off), 1001).Arrives("<SEQ=1001><CTL=ACK><LEN=500>").Sends("<ACK=1501><CTL=ACK><SACK=none>");
        Received(TcbBench.Established(off, "<MSS=500>"), 1001)
            .Arrives("<SEQ=1001><CTL=ACK><LEN=500>").Sends("<ACK=1501><CTL=ACK><SACK=none>").Silent();
    }
}
