using UserTcp.Primitives;
using UserTcp.Tcp;
using UserTcp.Tests.Support;
using UserTcp.Wire;

namespace UserTcp.Tests.Tcp;

/// <summary>What is answered without a TCB: strangers, half-open connections, TIME-WAIT; and initial numbers.</summary>
public sealed class WithoutTcbTests
{
    private static readonly Instant s_now = new(TimeSpan.FromSeconds(50).Ticks);

    private static TcpSegment Segment(string text)
    {
        SegmentText parsed = SegmentText.Parse(text);
        return new TcpSegment
        {
            Seq = new SeqNumber(parsed.Number("SEQ")),
            Ack = new SeqNumber(parsed.Number("ACK")),
            Flags = parsed.Flags(),
            Window = new WireWindow((ushort)parsed.Number("WND", 65_535)),
            Options = parsed.Options(),
            Text = new byte[parsed.Number("LEN")],
        };
    }

    private static void Equal(string expected, in SegmentPlan plan)
    {
        SegmentText text = SegmentText.Parse(expected);
        Assert.Equal(text.Normalized(), SegmentText.Render(plan, text));
    }

    [Fact]
    [Rfc("9293 §3.10.7.1")]
    public void Stranger_with_ack_is_reset_at_its_ack()
    {
        Assert.True(Strangers.TryReset(Segment("<SEQ=5><ACK=700><CTL=ACK><LEN=9>"), out SegmentPlan plan));
        Equal("<SEQ=700><CTL=RST>", plan);
    }

    [Fact]
    [Rfc("9293 §3.10.7.1")]
    public void Stranger_without_ack_is_reset_behind_its_text()
    {
        Assert.True(Strangers.TryReset(Segment("<SEQ=5><CTL=SYN><LEN=9>"), out SegmentPlan plan));
        Equal("<SEQ=0><ACK=15><CTL=RST,ACK>", plan);
    }

    [Fact]
    public void Reset_is_never_answered() => Assert.False(Strangers.TryReset(Segment("<SEQ=5><CTL=RST>"), out _));

    private static PassiveOpen HalfOpen(string syn = "<SEQ=1000><CTL=SYN><MSS=1460><SACKOK><WS=7><TS=77/0>",
        TcpConfig? config = null)
    {
        config ??= TcbBench.Defaults(options: true, receiveBuffer: 1 << 20, mss: 1460);
        return PassiveOpen.FromSyn(config, Segment(syn), new SeqNumber(100), 0, s_now);
    }

    [Fact]
    [Rfc("9293 §3.7.1", "MUST-14", "SHLD-5")]
    [Rfc("7323 §2.3", "R7323-20")]
    public void Syn_ack_answers_the_options_of_the_syn() =>
        Equal("<SEQ=100><ACK=1001><CTL=SYN,ACK><WND=65535><MSS=1460><WS=5><SACKOK=1><TS=50000/77>", HalfOpen()
            .SynAck(s_now));

    [Fact]
    public void Syn_ack_offers_nothing_that_was_not_asked_for() =>
        Equal(
            "<SEQ=100><ACK=1001><CTL=SYN,ACK><MSS=1460><WS=none><SACKOK=0><TS=none>",
            HalfOpen("<SEQ=1000><CTL=SYN><MSS=1460>").SynAck(s_now));

    [Fact]
    public void Final_ack_with_a_stale_timestamp_makes_no_connection()
    {
        // The TCB would drop it, and wait in SYN-RECEIVED without a timer.
        PassiveOpen open = HalfOpen();
        open.SynAck(s_now);
        Assert.Equal(PassiveVerdict.ReplyAck,
            open.OnSegmentArrives(Segment("<SEQ=1001><ACK=101><CTL=ACK><TS=76/50000>"), s_now));
        Assert.Equal(PassiveVerdict.Complete,
            open.OnSegmentArrives(Segment("<SEQ=1001><ACK=101><CTL=ACK><TS=77/50000>"), s_now));
    }

    [Fact]
    public void Syn_ack_is_sent_again_five_times_and_then_forgotten()
    {
        PassiveOpen open = HalfOpen();
        Instant now = s_now;
        double[] waits = new double[5];
        for (int i = 0; i < waits.Length; i++)
        {
            open.SynAck(now);
            waits[i] = (open.NextDeadline - now).TotalSeconds;
            now = open.NextDeadline;
            Assert.True(open.OnTimeout(now));
        }

        Assert.Equal([1, 2, 4, 8, 16], waits);
        Assert.False(open.OnTimeout(now));
    }

    [Fact]
    public void Repeated_syn_does_not_put_off_the_end()
    {
        PassiveOpen open = HalfOpen();
        open.SynAck(s_now);
        Instant deadline = open.NextDeadline;
        open.SynAck(s_now + TimeSpan.FromSeconds(0.5));
        Assert.Equal(deadline, open.NextDeadline);
    }

    [Fact]
    [Rfc("9293 §3.8.6", "SHLD-14")]
    public void Window_of_a_challenge_is_a_promise_that_the_connection_keeps()
    {
        PassiveOpen open = HalfOpen();
        open.SynAck(s_now);
        Assert.Equal(65_535u, open.PromisedBytes);

        WireWindow challenge = open.Ack(s_now).Window;
        Assert.Equal((challenge << new WindowScale(5)).Bytes, open.PromisedBytes);
    }

    [Theory]
    [InlineData("<SEQ=1001><ACK=101><CTL=ACK>", PassiveVerdict.Complete)]
    [InlineData("<SEQ=1001><ACK=101><CTL=ACK,FIN><LEN=10>", PassiveVerdict.Complete)]
    [InlineData("<SEQ=1001><ACK=102><CTL=ACK>", PassiveVerdict.ReplyReset)]
    [InlineData("<SEQ=1001><ACK=100><CTL=ACK>", PassiveVerdict.ReplyReset)]
    [InlineData("<SEQ=1000><CTL=SYN>", PassiveVerdict.ReplySynAck)]
    [InlineData("<SEQ=4000><CTL=SYN>", PassiveVerdict.ReplyAck)]
    [InlineData("<SEQ=1001><CTL=RST>", PassiveVerdict.Forget)]
    [InlineData("<SEQ=1002><CTL=RST>", PassiveVerdict.ReplyAck)]
    [InlineData("<SEQ=900><CTL=RST>", PassiveVerdict.Drop)]
    [InlineData("<SEQ=900><CTL=RST,SYN>", PassiveVerdict.Drop)]
    [InlineData("<SEQ=200000><ACK=101><CTL=ACK>", PassiveVerdict.ReplyAck)]
    [InlineData("<SEQ=1001><CTL=PSH><LEN=5>", PassiveVerdict.Drop)]
    [Rfc("9293 §3.5", "MUST-11")]
    public void Half_open_connection_judges_segments(string text, object verdict) =>
        Assert.Equal((PassiveVerdict)verdict, HalfOpen().OnSegmentArrives(Segment(text), s_now));

    private static TimeWaitState TimeWait(bool timestamps = true) =>
        new(
            new SeqNumber(500), new SeqNumber(2000), timestamps, 1000, 0, new WireWindow(1000), new WindowScale(2));

    [Theory]
    [InlineData("<SEQ=1999><CTL=FIN,ACK>", TimeWaitVerdict.ReplyAndRestart)]
    [InlineData("<SEQ=1500><ACK=500><CTL=ACK><LEN=100>", TimeWaitVerdict.Reply)]
    [InlineData("<SEQ=2000><ACK=500><CTL=ACK>", TimeWaitVerdict.Drop)]
    [InlineData("<SEQ=2000><CTL=RST>", TimeWaitVerdict.Forget)] // and not as RFC 1337 has it
    [InlineData("<SEQ=2000><CTL=RST><TS=1/0>", TimeWaitVerdict.Forget)] // RFC 7323 §5.2: PAWS is not for resets
    [InlineData("<SEQ=2001><CTL=RST>", TimeWaitVerdict.Reply)]
    [InlineData("<SEQ=5999><CTL=RST>", TimeWaitVerdict.Reply)]
    [InlineData("<SEQ=6000><CTL=RST>", TimeWaitVerdict.Drop)]
    [InlineData("<SEQ=1999><CTL=RST,ACK>", TimeWaitVerdict.Drop)]
    [InlineData("<SEQ=2000><CTL=FIN>", TimeWaitVerdict.Drop)] // without ACK: RFC 9293 §3.10.7.4, fifth
    [InlineData("<SEQ=1500><CTL=PSH><LEN=100>", TimeWaitVerdict.Reply)]
    [InlineData("<SEQ=1><CTL=SYN><TS=1001/0>", TimeWaitVerdict.Reuse)]
    [InlineData("<SEQ=2001><CTL=SYN><TS=1000/0>", TimeWaitVerdict.Reuse)]
    [InlineData("<SEQ=1999><CTL=SYN><TS=1000/0>", TimeWaitVerdict.Reply)]
    [InlineData("<SEQ=9000><CTL=SYN><TS=999/0>", TimeWaitVerdict.Reply)]
    [InlineData("<SEQ=2001><CTL=SYN>", TimeWaitVerdict.Reuse)]
    [InlineData("<SEQ=1999><CTL=SYN>", TimeWaitVerdict.Reply)]
    [Rfc("9293 §3.6.1", "MUST-13", "MAY-2", "SHLD-4")]
    public void Time_wait_judges_segments(string text, object verdict)
    {
        Assert.Equal((TimeWaitVerdict)verdict, TimeWait()
            .OnSegmentArrives(Segment(text), s_now, hasListener: true, out SegmentPlan reply));
        if ((TimeWaitVerdict)verdict is TimeWaitVerdict.Reply or TimeWaitVerdict.ReplyAndRestart)
            Equal("<SEQ=500><ACK=2000><CTL=ACK><TS=50000/1000>", reply);
    }

    [Fact]
    public void Time_wait_challenges_four_times_a_second()
    {
        TimeWaitState state = TimeWait();
        int granted = 0;
        for (int ms = 0; ms < 60_000; ms++)
        {
            granted += state.TryChallenge(s_now + TimeSpan.FromMilliseconds(ms)) ? 1 : 0;
        }

        Assert.InRange(granted, 60 * 1000 / 256, 60 * 1000 / 256 + 1);
    }

    [Fact]
    public void Time_wait_is_not_reused_without_a_listener() =>
        Assert.Equal(
            TimeWaitVerdict.Reply,
            TimeWait().OnSegmentArrives(Segment("<SEQ=9000><CTL=SYN><TS=2000/0>"), s_now, hasListener: false, out _));

    [Fact]
    public void FinRetransmitted_InTimeWait()
    {
        TcbBench bench = TcbBench.In(TcpState.FinWait2).Arrives("<SEQ=1001><ACK=102><CTL=FIN,ACK>")
            .Sends("<SEQ=102><ACK=1002><CTL=ACK>").State(TcpState.TimeWait);
        bench.Arrives("<SEQ=1001><ACK=102><CTL=FIN,ACK>").Sends("<SEQ=102><ACK=1002><CTL=ACK>"); // in the same turn
        Assert.NotEqual(0, bench.Tcb.DescribeTimeWait().Window.Value); // what was offered stands
        TimeWaitVerdict verdict = bench.Tcb.DescribeTimeWait()
            .OnSegmentArrives(Segment("<SEQ=1001><ACK=102><CTL=FIN,ACK>"), bench.Now, hasListener: false,
                out SegmentPlan reply);
        Assert.Equal(TimeWaitVerdict.ReplyAndRestart, verdict);
        Equal("<SEQ=102><ACK=1002><CTL=ACK>", reply);
    }

    private static readonly FlowKey s_flow = new(HostAddress.FromV4(0x0a000001), 1234, HostAddress.FromV4(0x0a000002),
        80);

    [Fact]
    [Rfc("9293 §3.4.1", "MUST-8")]
    public void Initial_number_follows_a_four_microsecond_clock()
    {
        var key = new SipHash(1, 2);
        SeqNumber first = InitialSequence.For(key.Hash(s_flow), s_now);
        Assert.Equal(250, InitialSequence.For(key.Hash(s_flow), s_now + TimeSpan.FromMilliseconds(1)) - first);
    }

    [Fact]
    [Rfc("9293 §3.4.1", "MUST-9", "SHLD-1")]
    public void Initial_number_depends_on_a_secret_and_on_every_part_of_the_connection()
    {
        FlowKey[] flows =
        [
            s_flow, s_flow with { LocalPort = 1235 }, s_flow with { RemotePort = 81 },
            s_flow with { Local = HostAddress.FromV4(0x0a000003) },
                s_flow with { Remote = HostAddress.FromV4(0x0a000003) },
        ];
        SipHash[] keys = [new(1, 2), new(1, 3), new(2, 2)];
        var numbers = keys.SelectMany(key => flows.Select(flow => InitialSequence.For(key.Hash(flow), s_now))).ToHashSet();
        Assert.Equal(keys.Length * flows.Length, numbers.Count);
    }

    [Fact]
    public void Timestamps_of_a_pair_of_hosts_share_their_offset()
    {
        var key = new SipHash(1, 2);
        uint offset = InitialSequence.TimestampOffset(key, s_flow);
        Assert.Equal(offset, InitialSequence.TimestampOffset(key, s_flow with { LocalPort = 9, RemotePort = 443 }));
        Assert.NotEqual(offset, InitialSequence.TimestampOffset(key, s_flow with { Remote = HostAddress.FromV4(7) }));
    }

    [Fact]
    public void Diagram_has_the_arrows_of_the_figure()
    {
        // RFC 9293 §3.3.2, Figure 5, and CLOSED from everywhere: reset, abort and timeouts.
        (TcpState From, TcpState To)[] arrows =
        [
            (TcpState.Closed, TcpState.Listen), (TcpState.Closed, TcpState.SynSent), (TcpState.Listen,
                TcpState.SynReceived),
            (TcpState.Listen, TcpState.SynSent), (TcpState.SynSent, TcpState.SynReceived), (TcpState.SynSent,
                TcpState.Established),
            (TcpState.SynReceived, TcpState.Established), (TcpState.SynReceived, TcpState.FinWait1),
            (TcpState.Established, TcpState.FinWait1), (TcpState.Established, TcpState.CloseWait),
            (TcpState.FinWait1, TcpState.FinWait2), (TcpState.FinWait1, TcpState.Closing), (TcpState.FinWait1,
                TcpState.TimeWait),
            (TcpState.FinWait2, TcpState.TimeWait), (TcpState.CloseWait, TcpState.LastAck), (TcpState.Closing,
                TcpState.TimeWait),
            (TcpState.LastAck, TcpState.Closed), (TcpState.TimeWait, TcpState.Closed),
        ];
        Assert.All(arrows, arrow => Assert.True(Transitions.Allows(arrow.From, arrow.To), $"{arrow}"));
        Assert.False(Transitions.Allows(TcpState.Established, TcpState.TimeWait));
        Assert.False(Transitions.Allows(TcpState.CloseWait, TcpState.TimeWait));
        Assert.False(Transitions.Allows(TcpState.TimeWait, TcpState.Established));
        Assert.False(Transitions.Allows(TcpState.LastAck, TcpState.TimeWait));
    }
}
