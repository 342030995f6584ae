using UserTcp.Runtime;

namespace UserTcp.Tests.Runtime;

public sealed class WaitQueueTests
{
    private readonly WaitQueue<string> _queue = new();
    private readonly WakeList _wakes = new();

    [Fact]
    public async Task Who_came_first_is_served_first()
    {
        WaitQueue<string>.Waiter first = _queue.Add();
        WaitQueue<string>.Waiter second = _queue.Add();
        _queue.Take()!.Decide("a", null, _wakes);
        Assert.False(_queue.IsEmpty);
        _queue.Take()!.Decide("b", null, _wakes);
        Assert.True(_queue.IsEmpty);
        Assert.False(first.Task.IsCompleted);
        _wakes.WakeAll(inlineAllowed: false);
        Assert.Equal("a", await first.Task);
        Assert.Equal("b", await second.Task);
    }

    [Fact]
    public async Task Who_was_cancelled_is_passed_over()
    {
        WaitQueue<string>.Waiter first = _queue.Add();
        WaitQueue<string>.Waiter second = _queue.Add();
        Assert.True(first.TryCancel());
        _queue.Take()!.Decide("b", null, _wakes);
        _wakes.WakeAll(inlineAllowed: false);
        Assert.Equal("b", await second.Task);
        Assert.False(second.TryCancel());
    }

    [Fact]
    public async Task Who_was_taken_cannot_be_cancelled_any_more()
    {
        WaitQueue<string>.Waiter first = _queue.Add();
        WaitQueue<string>.Waiter taken = _queue.Take()!;
        Assert.Null(_queue.Take());
        Assert.False(first.TryCancel());
        taken.Decide("a", null, _wakes);
        _wakes.WakeAll(inlineAllowed: false);
        Assert.Equal("a", await first.Task);
    }

    [Fact]
    public async Task When_there_is_nothing_more_all_are_told()
    {
        WaitQueue<string>.Waiter first = _queue.Add();
        WaitQueue<string>.Waiter second = _queue.Add();
        _queue.FailAll(() => new InvalidOperationException("over"), _wakes);
        _wakes.WakeAll(inlineAllowed: false);
        Assert.NotSame(
            await Assert.ThrowsAsync<InvalidOperationException>(() => first.Task),
            await Assert.ThrowsAsync<InvalidOperationException>(() => second.Task));
        Assert.True(_queue.IsEmpty);
    }

    [Fact]
    public void A_list_of_wakes_grows_and_is_used_again()
    {
        var target = new CountingTarget();
        for (int i = 0; i < 40; i++)
        {
            _wakes.Add(target, WakeReasons.Reader);
        }

        _wakes.WakeAll(inlineAllowed: true);
        Assert.Equal(40, target.Count);
        Assert.True(_wakes.IsEmpty);
        _wakes.Add(target, WakeReasons.Writer);
        _wakes.WakeAll(inlineAllowed: true);
        Assert.Equal(41, target.Count);
    }

    private sealed class CountingTarget : IWakeTarget
    {
        public int Count { get; private set; }

        public void Wake(WakeReasons reasons, bool inlineAllowed) => Count++;
    }
}
