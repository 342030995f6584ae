using UserTcp.Tcp;
using UserTcp.Tests.Support;
using UserTcp.Wire;

namespace UserTcp.Tests.Tcp;

/// <summary>Scaled windows and timestamps, rule by rule (RFC 7323).</summary>
public sealed class TimestampRulesTests
{
    private static TcbBench Stamped() =>
        TcbBench.Established(TcbBench.Defaults(timestamps: true), "<MSS=1012><TS=500/1000000>");

    [Fact, Rfc("7323 §5.3")]
    public void A_segment_that_PAWS_rejects_acknowledges_nothing_though_it_repeats_the_last()
    {
        TcbBench bench = Stamped()
            .Arrives("<SEQ=1001><ACK=101><CTL=ACK><LEN=1000><TS=600/1000000>").Writes(500);
        bench.Drain();
        bench.AfterMs(250).Drain();
        long window = bench.Report.PeerWindow;
        bench.Arrives("<SEQ=1001><ACK=601><CTL=ACK><LEN=1000><WND=77><TS=599/1000000>")
            .Sends("<SEQ=601><ACK=2001><CTL=ACK>").Silent();
        Assert.Equal((500, window), (bench.Report.BytesOutstanding, bench.Report.PeerWindow));
        bench.Arrives("<SEQ=1001><ACK=601><CTL=ACK><LEN=1000><WND=77><TS=600/1000000>");
        Assert.Equal((0, 77L), (bench.Report.BytesOutstanding, bench.Report.PeerWindow));
    }

    [Fact, Rfc("7323 §5.3")]
    public void Whatever_else_a_stale_segment_says_it_changes_nothing()
    {
        for (int seed = 0; seed < 3000; seed++)
        {
            var random = new Random(seed);
            TcbBench bench = Stamped()
                .Arrives("<SEQ=1001><ACK=101><CTL=ACK><LEN=1000><TS=600/1000000>").Writes(random.Next(1, 3000));
            bench.Drain();
            bench.AfterMs(110).Drain();
            TcbReport before = bench.Report;
            long readable = bench.Receive.Unconsumed;
            int length = random.Next(3) * random.Next(450);
            int seq = random.Next(2) == 0 ? 2001 - length : 2001 + random.Next(-2000, 2000);
            string flags = random.Next(4) == 0 ? "FIN,ACK" : "ACK";
            bench.Arrives($"<SEQ={seq}><ACK={101 + random.Next(3000)}><CTL={flags}><LEN={length}>"
                + $"<WND={random.Next(65_535)}><TS={random.Next(600)}/1000000>");
            TcbReport after = bench.Report;
            Assert.True(
                (before.BytesOutstanding, before.PeerWindow, before.CongestionWindow, before.State, readable)
                == (after.BytesOutstanding, after.PeerWindow, after.CongestionWindow, after.State,
                    bench.Receive.Unconsumed),
                $"seed {seed}: a stale segment was heard");
        }
    }

    [Fact, Rfc("7323 §3.2", "R7323-6")]
    public void Text_acks_and_fin_carry_timestamps() => Stamped()
        .Writes(10).Sends("<CTL=PSH,ACK><LEN=10><TS=1000000/500>")
        .Arrives("<SEQ=1001><CTL=ACK><LEN=10><TS=501/1000000>").Sends("<CTL=ACK><TS=1000000/501>")
        .Arrives("<SEQ=9001><CTL=ACK><LEN=10><TS=502/1000000>").Sends("<ACK=1011><CTL=ACK><TS=1000000/501>")
        .Calls(UserCall.Close).Sends("<CTL=FIN,ACK><TS=1000000/501>");

    [Fact, Rfc("7323 §5.2", "R7323-14")]
    public void Reset_of_an_abort_carries_timestamps() => Stamped()
        .Calls(UserCall.Abort).Sends("<SEQ=101><CTL=RST,ACK><TS=1000000/500>");

    [Fact, Rfc("7323 §5.2", "R7323-14")]
    public void Reset_that_answers_a_segment_echoes_its_timestamp()
    {
        TcbBench.SynSent().Arrives("<SEQ=1000><ACK=50><CTL=SYN,ACK><TS=77/3>").Sends("<SEQ=50><CTL=RST><TS=0/77>");
        TcbBench.SynSent().Arrives("<SEQ=1000><ACK=50><CTL=SYN,ACK>").Sends("<SEQ=50><CTL=RST><TS=none>");
        var segment = new TcpSegment
        {
            Flags = TcpFlags.Ack, Options = new TcpOptions { HasTimestamps = true, TsVal = 9, TsEcr = 4 },
        };
        Assert.True(Strangers.TryReset(segment, out SegmentPlan plan));
        Assert.Equal((true, 0u, 9u), (plan.Options.HasTimestamps, plan.Options.TsVal, plan.Options.TsEcr));
    }

    [Fact, Rfc("7323 §4.3", "R7323-11")]
    public void Segment_that_fills_a_hole_is_echoed() => Stamped()
        .Arrives("<SEQ=1101><CTL=ACK><LEN=100><TS=600/1000000>").Sends("<ACK=1001><CTL=ACK><TS=1000000/500>")
        .Arrives("<SEQ=1001><CTL=ACK><LEN=100><TS=550/1000000>").Sends("<ACK=1201><CTL=ACK><TS=1000000/550>");

    [Fact, Rfc("7323 §5.3")]
    public void Old_timestamp_is_answered_before_the_number_is_looked_at()
    {
        TcbBench bench = Stamped();
        bench.Arrives("<SEQ=1001><CTL=SYN><TS=499/1000000>").Sends("<ACK=1001><CTL=ACK>");
        Assert.Equal(1, bench.Report.Counters.StaleTimestamps);
        bench.Arrives("<SEQ=900000><CTL=ACK><LEN=10><TS=499/1000000>").Sends("<ACK=1001><CTL=ACK>");
        Assert.Equal(2, bench.Report.Counters.StaleTimestamps);
    }

    [Fact, Rfc("7323 §3.2", "R7323-24")]
    public void Timestamps_that_were_not_agreed_upon_are_ignored() => TcbBench.Established()
        .Arrives("<SEQ=1001><CTL=ACK><LEN=10><TS=600/1>").Sends("<ACK=1011><CTL=ACK><TS=none>")
        .Arrives("<SEQ=1011><CTL=ACK><LEN=10><TS=1/1>").Readable(20);

    [Fact, Rfc("7323 §3.2", "R7323-26")]
    public void Echo_in_a_segment_without_ack_is_ignored()
    {
        TcbBench bench = TcbBench.SynSent(TcbBench.Defaults(timestamps: true)).AfterMs(500)
            .Arrives("<SEQ=1000><CTL=SYN><WND=5000><MSS=1000><TS=7/1000100>");
        Assert.False(bench.Report.Rtt.HasSample);
    }

    /// <summary>A tick a millisecond: once for 2³¹ octets up to 17 Tbit/s, and anew after 49 days.</summary>
    [Fact, Rfc("7323 §4.1", "R7323-8"), Rfc("7323 §5.4", "R7323-15")]
    public void Clock_follows_real_time_and_begins_anew_after_49_days()
    {
        TcbBench bench = Stamped().AfterMs(1).Writes(10).Sends("<CTL=PSH,ACK><LEN=10><TS=1000001/500>");
        bench.Arrives("<SEQ=1001><CTL=ACK><TS=501/1000001>").After(TimeSpan.FromMilliseconds(uint.MaxValue))
            .Writes(10).Sends("<CTL=PSH,ACK><LEN=10><TS=1000000/501>");
    }

    [Fact, Rfc("7323 §2.2", "R7323-2")]
    public void Window_scale_outside_of_a_SYN_is_ignored()
    {
        TcbBench bench = TcbBench.Established(TcbBench.Defaults(scaling: true), "<MSS=1000><WS=2>");
        bench.Arrives("<SEQ=1001><CTL=ACK><WND=1000><WS=9>");
        Assert.Equal(4000, bench.Report.PeerWindow);
        bench.Arrives("<SEQ=1001><CTL=ACK><WND=1000>");
        Assert.Equal(4000, bench.Report.PeerWindow);
    }

    [Theory, Rfc("7323 §2.2", "R7323-1")]
    [InlineData(true, "<MSS=1000>", 1000)]
    [InlineData(false, "<MSS=1000><WS=2>", 1000)]
    [InlineData(true, "<MSS=1000><WS=2>", 4000)]
    [Rfc("7323 §2.3", "R7323-27")]
    public void Windows_are_scaled_only_if_both_said_so(bool offers, string synAck, long window)
    {
        TcbBench bench = TcbBench.Established(TcbBench.Defaults(scaling: offers, receiveBuffer: 1 << 20), synAck);
        bench.Arrives("<SEQ=1001><CTL=ACK><WND=1000>");
        Assert.Equal(window, bench.Report.PeerWindow);
        bench.Arrives("<SEQ=1001><CTL=ACK><LEN=1>").Sends($"<CTL=ACK><WND={(window == 4000 ? 2048 : 65_534)}>");
    }

    /// <summary>What an earlier, wider window invited is taken.</summary>
    [Fact, Rfc("7323 §2.4", "R7323-21")]
    public void Text_within_any_window_that_was_promised_is_taken()
    {
        TcbBench bench = TcbBench.Established(
            TcbBench.Defaults(scaling: true, receiveBuffer: 1 << 20), "<MSS=1000><WS=0>");
        bench.Arrives("<SEQ=1001><CTL=ACK><LEN=1>");
        SegmentPlan plan = Assert.Single(bench.Drain());
        long edge = plan.Ack.Value + ((long)plan.Window.Value << 5);
        bench.Arrives($"<SEQ=1002><CTL=ACK><LEN={edge - 1002}>").Drain();
        bench.Readable(edge - 1001);
    }
}
