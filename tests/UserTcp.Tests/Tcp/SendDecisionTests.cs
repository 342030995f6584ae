using UserTcp.Buffers;
using UserTcp.Tcp;
using UserTcp.Tests.Support;

namespace UserTcp.Tests.Tcp;

public sealed class SendDecisionTests
{
    [Fact]
    [Rfc("9293 §3.7.4", "SHLD-7")]
    [Rfc("9293 §3.9.1.2", "MAY-16", "SHLD-28")]
    public void Nagle_collects_while_something_is_outstanding() =>
        TcbBench.Established(TcbBench.Defaults(noDelay: false))
        .Writes(100).Sends("<SEQ=101><CTL=PSH,ACK><LEN=100>")
        .Writes(100).Silent().Writes(100).Silent()
        .Arrives("<SEQ=1001><ACK=201><CTL=ACK>").Sends("<SEQ=201><CTL=PSH,ACK><LEN=200>").Silent();

    [Fact]
    [Rfc("9293 §3.7.4", "SHLD-7")]
    public void Nagle_lets_full_segments_go() => TcbBench.Established(TcbBench.Defaults(noDelay: false))
        .Writes(100).Sends("<SEQ=101><CTL=PSH,ACK><LEN=100>")
        .Writes(1500).Sends("<SEQ=201><CTL=ACK><LEN=1000>").Silent();

    [Fact]
    [Rfc("9293 §3.7.4", "MUST-17")]
    public void Nagle_can_be_switched_off() => TcbBench.Established()
        .Writes(100).Sends("<SEQ=101><CTL=PSH,ACK><LEN=100>")
        .Writes(100).Sends("<SEQ=201><CTL=PSH,ACK><LEN=100>").Silent();

    [Fact]
    [Rfc("9293 §3.7.4", "MUST-17")]
    public void Nagle_can_be_switched_off_while_text_waits()
    {
        TcbBench bench = TcbBench.Established(TcbBench.Defaults(noDelay: false))
            .Writes(100).Sends("<SEQ=101><CTL=PSH,ACK><LEN=100>").Writes(100).Silent();
        bench.Changes(live => live with { NoDelay = true }).Sends("<SEQ=201><CTL=PSH,ACK><LEN=100>");
    }

    [Fact]
    public void Fin_overrides_nagle() => TcbBench.Established(TcbBench.Defaults(noDelay: false))
        .Writes(100).Sends("<SEQ=101><CTL=PSH,ACK><LEN=100>")
        .Writes(50).Calls(UserCall.Close).Sends("<SEQ=201><CTL=FIN,PSH,ACK><LEN=50>");

    [Fact]
    [Rfc("9293 §3.8.6.2.1", "MUST-38")]
    public void Silly_window_is_not_used_while_something_is_outstanding() => TcbBench.Established()
        .Writes(5000).Sends("<SEQ=101><CTL=ACK><LEN=1000>").Sends("<SEQ=1101><CTL=ACK><LEN=1000>")
        .Arrives("<SEQ=1001><ACK=1101><CTL=ACK><WND=1300>").Silent();

    [Fact]
    [Rfc("9293 §3.8.6.2.1", "MUST-38")]
    public void Half_of_a_small_window_is_worth_a_segment()
    {
        TcbBench bench = TcbBench.Established(window: 600).Writes(5000);
        bench.Sends("<SEQ=101><CTL=ACK><LEN=600>").Silent()
            .Arrives("<SEQ=1001><ACK=701><CTL=ACK><WND=350>").Sends("<SEQ=701><CTL=ACK><LEN=350>").Silent()
            .Arrives("<SEQ=1001><ACK=1051><CTL=ACK><WND=200>").Silent();
    }

    [Fact]
    [Rfc("9293 §3.9.1.2", "MUST-60", "MUST-61", "MAY-15", "SHLD-27")]
    public void Last_segment_of_what_was_written_carries_push() => TcbBench.Established()
        .Writes(2500)
        .Sends("<SEQ=101><CTL=ACK><LEN=1000>").Sends("<SEQ=1101><CTL=ACK><LEN=1000>")
        .Sends("<SEQ=2101><CTL=PSH,ACK><LEN=500>");

    [Fact]
    public void Cork_holds_parts_back_until_it_is_pulled()
    {
        TcbBench bench = TcbBench.Established().Changes(live => live with { Corked = true });
        bench.Writes(1300).Sends("<SEQ=101><CTL=ACK><LEN=1000>").Silent();
        bench.Changes(live => live with { Corked = false }).Sends("<SEQ=1101><CTL=PSH,ACK><LEN=300>");
    }

    [Fact]
    public void Super_segment_takes_what_cwnd_window_and_link_allow()
    {
        TcbBench bench = TcbBench.Established(TcbBench.Defaults(gso: 64_000)).Writes(100_000);
        bench.Sends("<SEQ=101><CTL=ACK><LEN=10000><GSO=1000>").Silent()
            .Arrives("<SEQ=1001><ACK=10101><CTL=ACK><WND=15500>")
            .Sends("<SEQ=10101><CTL=ACK><LEN=15000><GSO=1000>").Silent();
    }

    [Fact]
    public void Super_segment_carries_the_tail_when_nothing_else_follows() =>
        TcbBench.Established(TcbBench.Defaults(gso: 64_000))
            .Writes(2500).Sends("<SEQ=101><CTL=PSH,ACK><LEN=2500><GSO=1000>").Silent();

    [Fact]
    public void Nagle_keeps_the_tail_of_a_super_segment_while_another_is_on_its_way() =>
        TcbBench.Established(TcbBench.Defaults(gso: 64_000, noDelay: false))
            .Writes(2500).Sends("<SEQ=101><CTL=PSH,ACK><LEN=2500><GSO=1000>")
            .Writes(2500).Sends("<SEQ=2601><CTL=ACK><LEN=2000><GSO=1000>").Silent();

    [Fact]
    [Rfc("9293 §3.7.4", "SHLD-7")]
    public void Nagle_waits_for_small_segments_only() => // RFC 9293 Appendix A.3
        TcbBench.Established(TcbBench.Defaults(noDelay: false))
            .Writes(1000).Sends("<SEQ=101><CTL=PSH,ACK><LEN=1000>")
            .Writes(100).Sends("<SEQ=1101><CTL=PSH,ACK><LEN=100>")
            .Writes(100).Silent()
            .Arrives("<SEQ=1001><ACK=1101><CTL=ACK>").Silent()
            .Arrives("<SEQ=1001><ACK=1201><CTL=ACK>").Sends("<SEQ=1201><CTL=PSH,ACK><LEN=100>").Silent();

    [Fact]
    public void Segment_that_would_gather_three_pieces_is_cut()
    {
        TcbBench bench = TcbBench.Established(TcbBench.Defaults(gso: 64_000));
        bench.Writes(200_000).Arrives("<SEQ=1001><ACK=101><CTL=ACK><WND=65535>");
        int sent = bench.Drain().Sum(plan => plan.PayloadLength);
        Assert.Equal(10_000, sent); // each text was checked against the queue by the bench
    }

    [Fact]
    public void A_super_segment_of_many_small_chunks_ends_with_a_whole_segment()
    {
        TcbBench bench = TcbBench.Established(TcbBench.Defaults(gso: 64_000));
        using var others = new Pressure(bench.Pool);
        List<SegmentPlan> plans = bench.Writes(10_000).Drain();

        Assert.Equal(10_000, plans.Sum(plan => plan.PayloadLength));
        Assert.True(plans.Count > 1, "Two pieces of memory hold it all.");
        Assert.All(plans, plan => Assert.Equal(0, plan.PayloadLength % 1000));
    }

    [Fact]
    public void A_write_under_pressure_makes_the_send_buffer_small()
    {
        TcbBench bench = TcbBench.Established();
        long before = bench.Send.Limit;
        using var others = new Pressure(bench.Pool);
        bench.Writes(1);

        Assert.InRange(bench.Send.Limit, 1, before - 1);
    }

    /// <summary>Other connections that hold nearly all memory.</summary>
    private sealed class Pressure : IDisposable
    {
        private readonly ChunkPool _pool;
        private readonly List<Chunk> _held = [];

        public Pressure(ChunkPool pool)
        {
            _pool = pool;
            while (!pool.IsUnderPressure())
            {
                _held.Add(pool.Rent(Chunk.LargeSize));
            }
        }

        public void Dispose() => _held.ForEach(chunk => _pool.Return(chunk));
    }
}
