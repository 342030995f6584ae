using UserTcp.Primitives;
using UserTcp.Runtime;

namespace UserTcp.Tests.Runtime;

/// <summary>Which thread sends after a visit.</summary>
public sealed class SendCoalescerTests
{
    private static readonly Instant s_now = new(1_000_000);
    private readonly SendCoalescer _coalescer = new();

    [Fact]
    public void The_current_thread_sends_if_no_other_is_expected()
    {
        Assert.Equal(SendBy.CurrentThread, _coalescer.Decide(mayDefer: true, s_now));
        Assert.Equal(SendBy.CurrentThread, _coalescer.Decide(mayDefer: false, s_now));
    }

    [Fact]
    public void Sending_is_deferred_until_the_last_woken_connection_returns()
    {
        _coalescer.OnWoken();
        _coalescer.OnWoken();
        _coalescer.OnReturned();
        Assert.Equal(SendBy.WokenConnection, _coalescer.Decide(mayDefer: true, s_now));
        _coalescer.OnReturned();
        Assert.Equal(SendBy.CurrentThread, _coalescer.Decide(mayDefer: true, s_now));
    }

    [Fact]
    public void A_call_of_the_application_is_not_deferred()
    {
        _coalescer.OnWoken();
        Assert.Equal(SendBy.CurrentThread, _coalescer.Decide(mayDefer: false, s_now));
    }

    [Fact]
    public void Sixty_four_visits_in_a_row_defer()
    {
        _coalescer.OnWoken();
        Assert.Equal(64, CountDeferrals(mayDefer: true));
        _coalescer.OnSending();
        Assert.Equal(64, CountDeferrals(mayDefer: true));
    }

    [Fact]
    public void Sending_is_deferred_for_a_millisecond_from_the_first_visit_on()
    {
        Instant limit = s_now + TimeSpan.FromMilliseconds(1);
        Assert.Equal(Instant.Never, _coalescer.DeferredUntil);
        _coalescer.OnWoken();
        _coalescer.Decide(mayDefer: true, s_now);
        Assert.Equal(limit, _coalescer.DeferredUntil);
        _coalescer.Decide(mayDefer: true, s_now + TimeSpan.FromMilliseconds(0.5));
        _coalescer.Decide(mayDefer: true, s_now + TimeSpan.FromMilliseconds(0.7));
        Assert.Equal(limit, _coalescer.DeferredUntil);
        _coalescer.OnSending();
        Assert.Equal(Instant.Never, _coalescer.DeferredUntil);
    }

    [Fact]
    public void A_return_without_a_wake_up_counts_for_nothing()
    {
        _coalescer.OnReturned();
        _coalescer.OnWoken();
        Assert.Equal(SendBy.WokenConnection, _coalescer.Decide(mayDefer: true, s_now));
    }

    [Fact]
    public void After_the_work_item_no_woken_connection_is_expected()
    {
        _coalescer.OnWoken();
        Assert.True(_coalescer.TryQueueItem());
        Assert.False(_coalescer.TryQueueItem());
        _coalescer.OnWorkItem();
        Assert.Equal(SendBy.CurrentThread, _coalescer.Decide(mayDefer: true, s_now));
        Assert.True(_coalescer.TryQueueItem());
    }

    [Fact]
    public void An_inline_continuation_leaves_the_sending_to_the_loop()
    {
        SendBy elsewhere = SendBy.EventLoop;
        _coalescer.BeginInline();
        Thread other = new(() => elsewhere = _coalescer.Decide(mayDefer: true, s_now));
        other.Start();
        other.Join();
        SendBy here = _coalescer.Decide(mayDefer: true, s_now);
        _coalescer.EndInline();

        Assert.Equal(SendBy.CurrentThread, elsewhere);
        Assert.Equal(SendBy.EventLoop, here);
        Assert.Equal(SendBy.CurrentThread, _coalescer.Decide(mayDefer: true, s_now));
    }

    private int CountDeferrals(bool mayDefer)
    {
        int count = 0;
        while (_coalescer.Decide(mayDefer, s_now) != SendBy.CurrentThread)
        {
            count++;
        }

        return count;
    }
}
