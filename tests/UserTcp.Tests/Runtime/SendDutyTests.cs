using UserTcp.Primitives;
using UserTcp.Runtime;

namespace UserTcp.Tests.Runtime;

/// <summary>Who sends after a visit, as it is settled under the door.</summary>
public sealed class SendDutyTests
{
    private static readonly Instant s_now = new(1_000_000);
    private readonly SendDuty _duty = new();

    [Fact]
    public void Where_nobody_is_to_come_the_visitor_sends()
    {
        Assert.Equal(WhoSends.Visitor, _duty.Assign(mayPutOff: true, waiting: 0, s_now));
        Assert.Equal(WhoSends.Visitor, _duty.Assign(mayPutOff: false, waiting: 0, s_now));
    }

    [Fact]
    public void Sixteen_in_a_row_leave_it_to_who_waits_outside()
    {
        Assert.Equal(16, CountUntilVisitor(mayPutOff: false, waiting: 1));
        _duty.Done();
        Assert.Equal(16, CountUntilVisitor(mayPutOff: false, waiting: 1));
    }

    [Fact]
    public void Until_the_last_of_those_who_were_woken_has_come_it_is_put_off()
    {
        _duty.Expect();
        _duty.Expect();
        _duty.Arrive();
        Assert.Equal(WhoSends.Woken, _duty.Assign(mayPutOff: true, waiting: 0, s_now));
        _duty.Arrive();
        Assert.Equal(WhoSends.Visitor, _duty.Assign(mayPutOff: true, waiting: 0, s_now));
    }

    [Fact]
    public void Whoever_wants_something_done_does_not_put_it_off()
    {
        _duty.Expect();
        Assert.Equal(WhoSends.Visitor, _duty.Assign(mayPutOff: false, waiting: 0, s_now));
    }

    [Fact]
    public void Sixty_four_in_a_row_put_it_off()
    {
        _duty.Expect();
        Assert.Equal(64, CountUntilVisitor(mayPutOff: true, waiting: 0));
        _duty.Done();
        Assert.Equal(64, CountUntilVisitor(mayPutOff: true, waiting: 0));
    }

    [Fact]
    public void It_is_put_off_for_a_millisecond_from_the_first_on()
    {
        Instant limit = s_now + TimeSpan.FromMilliseconds(1);
        Assert.Equal(Instant.Never, _duty.PutOffUntil);
        _duty.Expect();
        _duty.Assign(mayPutOff: true, waiting: 0, s_now);
        Assert.Equal(limit, _duty.PutOffUntil);
        _duty.Assign(mayPutOff: true, waiting: 0, s_now + TimeSpan.FromMilliseconds(0.5));
        _duty.Assign(mayPutOff: true, waiting: 1, s_now + TimeSpan.FromMilliseconds(0.7));
        Assert.Equal(limit, _duty.PutOffUntil);
        _duty.Done();
        Assert.Equal(Instant.Never, _duty.PutOffUntil);
    }

    [Fact]
    public void Who_comes_without_having_been_expected_counts_for_nobody()
    {
        _duty.Arrive();
        _duty.Expect();
        Assert.Equal(WhoSends.Woken, _duty.Assign(mayPutOff: true, waiting: 0, s_now));
    }

    [Fact]
    public void Behind_those_who_were_woken_comes_one_work_item_after_which_none_of_them_is_waited_for()
    {
        _duty.Expect();
        Assert.True(_duty.TryQueueItem());
        Assert.False(_duty.TryQueueItem());
        _duty.OnItem();
        Assert.Equal(WhoSends.Visitor, _duty.Assign(mayPutOff: true, waiting: 0, s_now));
        Assert.True(_duty.TryQueueItem());
    }

    [Fact]
    public void On_the_loops_thread_it_is_left_to_the_loop_while_that_runs_continuations()
    {
        WhoSends elsewhere = WhoSends.Loop;
        _duty.BeginInline();
        Thread other = new(() => elsewhere = _duty.Assign(mayPutOff: true, waiting: 0, s_now));
        other.Start();
        other.Join();
        WhoSends here = _duty.Assign(mayPutOff: true, waiting: 0, s_now);
        _duty.EndInline();

        Assert.Equal(WhoSends.Visitor, elsewhere);
        Assert.Equal(WhoSends.Loop, here);
        Assert.Equal(WhoSends.Visitor, _duty.Assign(mayPutOff: true, waiting: 0, s_now));
    }

    private int CountUntilVisitor(bool mayPutOff, int waiting)
    {
        int count = 0;
        while (_duty.Assign(mayPutOff, waiting, s_now) != WhoSends.Visitor)
        {
            count++;
        }

        return count;
    }
}
