using Microsoft.Extensions.Time.Testing;
using UserTcp.Links;
using UserTcp.Primitives;
using UserTcp.Runtime;

namespace UserTcp.Tests.Runtime;

/// <summary>The loop is woken for what it does not know yet, and for nothing else.</summary>
public sealed class LoopBellTests
{
    private static readonly Instant s_now = new(1000);
    private static readonly TimeSpan s_patience = TimeSpan.FromMilliseconds(10);
    private readonly FakeTimeProvider _time = new();
    private readonly MonotonicClock _clock;
    private readonly CountingLink _link = new();
    private readonly LoopBell _bell;

    public LoopBellTests()
    {
        _bell = new LoopBell(_link);
        _clock = new MonotonicClock(_time);
    }

    [Fact]
    public void A_loop_that_is_awake_is_not_woken()
    {
        _bell.Publish(new Instant(5), hasOutput: true, isBlocked: false);
        _bell.RingIfNeeded();
        Assert.Equal(0, _link.Wakes);
    }

    [Theory]
    [InlineData(1999, 1)]
    [InlineData(2000, 0)]
    [InlineData(2001, 0)]
    public void A_sleeping_loop_is_woken_for_an_earlier_deadline_only(long deadline, int wakes)
    {
        _bell.Publish(new Instant(2000), hasOutput: false, isBlocked: false);
        Assert.True(_bell.TrySleep(s_now, out Instant until));
        Assert.Equal(new Instant(2000), until);
        _bell.Publish(new Instant(deadline), hasOutput: false, isBlocked: false);
        _bell.RingIfNeeded();
        Assert.Equal(wakes, _link.Wakes);
    }

    [Fact]
    public void A_sleeping_loop_is_woken_for_frames_that_remain_unsent()
    {
        Assert.True(_bell.TrySleep(s_now, out Instant until));
        Assert.Equal(Instant.Never, until);
        _bell.Publish(Instant.Never, hasOutput: true, isBlocked: false);
        _bell.RingIfNeeded();
        Assert.Equal(1, _link.Wakes);
    }

    [Fact]
    public void A_loop_does_not_sleep_past_what_is_due()
    {
        _bell.Publish(s_now, hasOutput: false, isBlocked: false);
        Assert.True(_bell.IsDue(s_now));
        Assert.False(_bell.TrySleep(s_now, out _));
        _bell.Publish(Instant.Never, hasOutput: true, isBlocked: false);
        Assert.False(_bell.TrySleep(s_now, out _));
    }

    [Fact]
    public void A_loop_that_saw_the_link_full_sleeps_until_the_link_has_room()
    {
        _bell.Publish(Instant.Never, hasOutput: false, isBlocked: true);
        Assert.True(_bell.IsBlocked);
        Assert.True(_bell.TrySleep(s_now, out _));
    }

    [Fact]
    public void A_loop_that_is_to_stop_does_not_sleep()
    {
        _bell.Stop();
        Assert.True(_bell.MustStop);
        Assert.Equal(1, _link.Wakes);
        Assert.False(_bell.TrySleep(s_now, out _));
    }

    [Fact]
    public void A_loop_that_is_awake_looks_at_mail_that_is_left_in_ten_milliseconds()
    {
        Instant now = _clock.Now;
        Assert.True(_bell.WillLook(_clock));
        Assert.Equal(now + s_patience, _bell.Deadline);
        _time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.True(_bell.WillLook(_clock));
        Assert.Equal(now + s_patience, _bell.Deadline); // who comes again does not push it back
        Assert.False(_bell.IsDue(_clock.Now));
        Assert.True(_bell.TrySleep(_clock.Now, out Instant until));
        Assert.Equal(now + s_patience, until);
        Assert.True(_bell.WillLook(_clock));

        _bell.WakeUp();
        Assert.True(_bell.IsDue(until));
        Assert.False(_bell.TrySleep(until, out _));
        _bell.OnLooked(until - new TimeSpan(1));
        Assert.True(_bell.IsDue(until));
        _bell.OnLooked(until);
        Assert.Equal(Instant.Never, _bell.Deadline);
        Assert.Equal(0, _link.Wakes);
    }

    [Fact]
    public void A_loop_that_sleeps_is_not_woken_for_mail_that_is_left()
    {
        Assert.True(_bell.TrySleep(_clock.Now, out _));
        Assert.False(_bell.WillLook(_clock)); // the caller serves it
        _bell.Publish(Instant.Never, hasOutput: false, isBlocked: false);
        _bell.RingIfNeeded();
        Assert.Equal(0, _link.Wakes);

        _bell.WakeUp();
        Assert.True(_bell.WillLook(_clock));
    }

    [Fact]
    public void A_loop_that_sleeps_to_an_early_deadline_looks_then()
    {
        _bell.Publish(_clock.Now + s_patience, hasOutput: false, isBlocked: false);
        Assert.True(_bell.TrySleep(_clock.Now, out _));
        Assert.True(_bell.WillLook(_clock));
    }

    [Fact]
    public void A_loop_that_is_to_stop_looks_at_nothing_any_more()
    {
        _bell.Stop();
        Assert.False(_bell.WillLook(_clock));
    }

    private sealed class CountingLink : LinkDevice
    {
        public int Wakes { get; private set; }

        public override LinkInfo Info { get; } = new() { Name = "counting", Mtu = 1500 };

        public override int Receive(RxBatch batch) => 0;

        public override int Transmit(ReadOnlySpan<TxFrame> frames) => frames.Length;

        public override bool Wait(TimeSpan timeout) => false;

        public override void Wake() => Wakes++;

        public override void Dispose()
        {
        }
    }
}
