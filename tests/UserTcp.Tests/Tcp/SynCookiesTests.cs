using System.Net;
using UserTcp.Primitives;
using UserTcp.Tcp;
using UserTcp.Tests.Ip;
using UserTcp.Tests.Support;
using UserTcp.Wire;

namespace UserTcp.Tests.Tcp;

/// <summary>What a SYN-ACK remembers by itself, and who can make one (RFC 4987 §3.6).</summary>
public class SynCookiesTests
{
    private static readonly FlowKey s_flow = new(Packets.Own, 80, Packets.Peer, 5000);
    private static readonly Instant s_now = new(TimeSpan.FromDays(1).Ticks);
    private static readonly TcpConfig s_config = new() { Ecn = UserTcpEcnMode.Passive };
    private readonly SynCookies _cookies = new(new SipHash(1, 2));

    private static TcpSegment Syn(TcpOptions options, TcpFlags more = TcpFlags.None) => new()
    {
        Seq = new SeqNumber(1000), Flags = TcpFlags.Syn | more, Options = options,
    };

    private static TcpOptions Full(ushort mss = 1460, int scale = 7, bool sack = true) => new()
    {
        HasMss = true,
        Mss = mss,
        HasWindowScale = scale >= 0,
        WindowScale = new WindowScale(Math.Max(0, scale)),
        SackPermitted = sack,
        HasTimestamps = true,
        TsVal = 77,
    };

    private static TcpSegment Ack(in SegmentPlan synAck) => new()
    {
        Seq = synAck.Ack,
        Ack = synAck.Seq + 1,
        Flags = TcpFlags.Ack,
        Options = new TcpOptions
        {
            HasTimestamps = synAck.Options.HasTimestamps, TsVal = 99, TsEcr = synAck.Options.TsVal,
        },
    };

    [Theory, Rfc("4987 §3.6", "R4987-6")]
    [InlineData(-1, false, false)]
    [InlineData(0, true, false)]
    [InlineData(7, true, true)]
    [InlineData(14, false, true)]
    public void Options_travel_in_the_timestamp(int scale, bool sack, bool ecn)
    {
        TcpFlags asks = ecn ? TcpFlags.Ece | TcpFlags.Cwr : TcpFlags.None;
        SegmentPlan synAck = _cookies.SynAck(s_config, Syn(Full(1460, scale, sack), asks), s_flow, 12345, s_now);
        Assert.Equal(TcpFlags.Syn | TcpFlags.Ack | (ecn ? TcpFlags.Ece : TcpFlags.None), synAck.Flags);
        Assert.Equal((scale >= 0, sack), (synAck.Options.HasWindowScale, synAck.Options.SackPermitted));
        Assert.Equal(77u, synAck.Options.TsEcr);

        Assert.True(_cookies.TryRead(Ack(synAck), s_flow, s_now, out TcpSegment syn));
        Assert.Equal(new SeqNumber(1000), syn.Seq);
        Assert.Equal(TcpFlags.Syn | asks, syn.Flags);
        Assert.Equal((scale >= 0, Math.Max(0, scale)), (syn.Options.HasWindowScale, syn.Options.WindowScale.Shift));
        Assert.Equal(sack, syn.Options.SackPermitted);
        Assert.Equal((true, 99u), (syn.Options.HasTimestamps, syn.Options.TsVal));
    }

    [Fact, Rfc("4987 §3.6")]
    public void Without_timestamps_nothing_but_the_segment_size_is_agreed_upon()
    {
        TcpOptions options = Full() with { HasTimestamps = false, TsVal = 0 };
        SegmentPlan synAck = _cookies.SynAck(
            s_config, Syn(options, TcpFlags.Ece | TcpFlags.Cwr), s_flow, 12345, s_now);
        Assert.Equal(TcpFlags.Syn | TcpFlags.Ack, synAck.Flags);
        Assert.True(synAck.Options.HasMss);
        Assert.False(synAck.Options.HasWindowScale);
        Assert.False(synAck.Options.SackPermitted);
        Assert.False(synAck.Options.HasTimestamps);
        Assert.True(_cookies.TryRead(Ack(synAck), s_flow, s_now, out TcpSegment syn));
        Assert.False(syn.Options.HasWindowScale || syn.Options.SackPermitted || syn.Options.HasTimestamps);
        Assert.Equal(1460, syn.Options.Mss);
    }

    [Fact]
    public void What_is_switched_off_here_is_not_agreed_upon()
    {
        TcpConfig config = s_config with { WindowScaling = false, SelectiveAcknowledgments = false };
        TcpOptions answer = _cookies.SynAck(config, Syn(Full()), s_flow, 0, s_now).Options;
        Assert.Equal((true, false, false), (answer.HasTimestamps, answer.HasWindowScale, answer.SackPermitted));
        answer = _cookies.SynAck(s_config with { Timestamps = false }, Syn(Full()), s_flow, 0, s_now).Options;
        Assert.Equal((false, false, false), (answer.HasTimestamps, answer.HasWindowScale, answer.SackPermitted));
    }

    [Theory]
    [InlineData(0, 48)]
    [InlineData(48, 48)]
    [InlineData(535, 48)]
    [InlineData(536, 536)]
    [InlineData(1219, 1024)]
    [InlineData(1359, 1300)]
    [InlineData(1380, 1380)]
    [InlineData(1432, 1420)]
    [InlineData(1440, 1440)]
    [InlineData(1452, 1452)]
    [InlineData(1460, 1460)]
    [InlineData(3959, 1460)]
    [InlineData(7960, 7960)]
    [InlineData(8940, 8940)]
    [InlineData(8959, 8940)]
    [InlineData(65535, 8960)]
    public void The_segment_size_is_rounded_down(ushort mss, ushort kept)
    {
        SegmentPlan synAck = _cookies.SynAck(s_config, Syn(Full(mss)), s_flow, 0, s_now);
        Assert.True(_cookies.TryRead(Ack(synAck), s_flow, s_now, out TcpSegment syn));
        Assert.Equal(kept, syn.Options.Mss);
    }

    [Fact]
    public void A_size_that_is_common_loses_less_than_seven_percent_by_a_cookie()
    {
        for (ushort mss = 1220; mss <= 8960; mss++)
        {
            bool isCommon = mss is <= 1560 or (>= 3960 and <= 4240) or (>= 7960 and <= 8540) or >= 8940;
            SegmentPlan synAck = _cookies.SynAck(s_config, Syn(Full(mss)), s_flow, 0, s_now);
            Assert.True(_cookies.TryRead(Ack(synAck), s_flow, s_now, out TcpSegment syn));
            Assert.InRange(syn.Options.Mss, isCommon ? mss * 0.93 : 1, mss);
        }
    }

    [Fact]
    public void Without_the_option_the_segment_size_is_the_default()
    {
        SegmentPlan synAck = _cookies.SynAck(s_config, Syn(default), s_flow, 0, s_now);
        Assert.True(_cookies.TryRead(Ack(synAck), s_flow, s_now, out TcpSegment syn));
        Assert.Equal(536, syn.Options.Mss);
    }

    [Theory]
    [InlineData(0, true)]
    [InlineData(63, true)]
    [InlineData(127, true)]  // the end of the next period
    [InlineData(128, false)]
    [InlineData(64 * 32, false)]
    [Rfc("4987 §3.6", "R4987-5")]
    public void A_cookie_grows_old(double seconds, bool isGood)
    {
        var start = new Instant(SynCookies.Period.Ticks * 1350);
        SegmentPlan synAck = _cookies.SynAck(s_config, Syn(Full()), s_flow, 0, start);
        Assert.Equal(isGood, _cookies.TryRead(Ack(synAck), s_flow, start + TimeSpan.FromSeconds(seconds), out _));
    }

    [Fact]
    [Rfc("4987 §3.6", "R4987-5")]
    public void Nobody_else_can_use_it_and_nothing_in_it_can_be_changed()
    {
        SegmentPlan synAck = _cookies.SynAck(s_config, Syn(Full()), s_flow, 0, s_now);
        TcpSegment ack = Ack(synAck);
        Assert.False(_cookies.TryRead(ack, s_flow with { RemotePort = 5001 }, s_now, out _));
        Assert.False(_cookies.TryRead(ack, s_flow with { LocalPort = 81 }, s_now, out _));
        Assert.False(_cookies.TryRead(ack, s_flow with { Remote = Packets.Far }, s_now, out _));
        Assert.False(new SynCookies(new SipHash(1, 3)).TryRead(ack, s_flow, s_now, out _));
        for (int bit = 0; bit < 32; bit++)
        {
            SegmentPlan changed = synAck;
            changed.Seq = new SeqNumber(synAck.Seq.Value ^ (1u << bit));
            Assert.False(_cookies.TryRead(Ack(changed), s_flow, s_now, out _), $"bit {bit}");
        }

        SegmentPlan other = synAck;
        other.Ack += 1;
        Assert.False(_cookies.TryRead(Ack(other), s_flow, s_now, out _));
        other = synAck;
        other.Options.HasTimestamps = false; // its window scale would be forgotten
        Assert.False(_cookies.TryRead(Ack(other), s_flow, s_now, out _));
    }

    [Fact]
    [Rfc("4987 §3.6", "R4987-5")]
    public void Guesses_are_wrong()
    {
        var random = new Random(5);
        int hits = 0;
        for (int i = 0; i < 200_000; i++)
        {
            var guess = new SeqNumber((uint)random.NextInt64(1L << 32));
            var plan = new SegmentPlan { Seq = guess, Ack = new SeqNumber(7) };
            hits += _cookies.TryRead(Ack(plan), s_flow, s_now, out _) ? 1 : 0;
        }

        Assert.Equal(0, hits); // one in 268 million would be right
    }

    [Theory, Rfc("9293 §3.7.1", "MUST-15")]
    [InlineData("192.0.2.1", 536)]
    [InlineData("2001:db8::1", 1220)]
    public void A_peer_that_sends_no_MSS_has_its_familys_default(string address, int expected)
    {
        HostAddress peer = HostAddress.From(IPAddress.Parse(address));
        var flow = new FlowKey(peer, 80, peer, 5000);
        SegmentPlan synAck = _cookies.SynAck(s_config, Syn(default), flow, 12345, s_now);

        Assert.True(_cookies.TryRead(Ack(synAck), flow, s_now, out TcpSegment syn));
        Assert.Equal(expected, syn.Options.Mss);
    }

    [Fact]
    public void The_stamp_says_what_it_holds_and_is_never_of_the_future()
    {
        for (uint clock = uint.MaxValue - 200; clock != 200; clock++)
        {
            foreach (byte bits in (byte[])[0, 15, 31, 32, 63])
            {
                uint stamp = new CookieOptions(bits).Stamp(clock);
                Assert.InRange(unchecked(clock - stamp), 0u, 63u);
                Assert.Equal(bits, CookieOptions.FromStamp(stamp).Bits);
            }
        }
    }
}
