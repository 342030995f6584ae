using FsCheck;
using FsCheck.Xunit;
using UserTcp.Primitives;
using UserTcp.Tests.Support;

namespace UserTcp.Tests.Primitives;

public class SeqNumberTests
{
    [Property]
    public void Comparison_is_reflexive(DoNotSize<uint> value)
    {
        var a = new SeqNumber(value.Item);
        var b = new SeqNumber(value.Item);

        Assert.True(a <= b && a >= b && a == b);
        Assert.False(a < b || a > b);
        Assert.Equal(0, a - b);
    }

    [Property]
    public void Of_two_different_numbers_one_comes_first(DoNotSize<uint> x, DoNotSize<uint> y)
    {
        var a = new SeqNumber(x.Item);
        var b = new SeqNumber(y.Item);
        if (a == b || a - b == int.MinValue)
            return;

        Assert.NotEqual(a < b, b < a);
        Assert.Equal(a < b, b > a);
        Assert.Equal(a < b, a <= b);
        Assert.Equal(a > b, a >= b);
        Assert.Equal(a < b ? a : b, SeqNumber.Min(a, b));
        Assert.Equal(a < b ? b : a, SeqNumber.Max(a, b));
    }

    [Property]
    [Rfc("9293 §3.4")]
    public void A_number_comes_before_all_of_the_half_circle_ahead_of_it(DoNotSize<uint> value, DoNotSize<int> step)
    {
        int n = step.Item & int.MaxValue;
        var a = new SeqNumber(value.Item);

        Assert.Equal(n > 0, a < a + n);
        Assert.Equal(n > 0, a > a - n);
        Assert.Equal(n, a + n - a);
        Assert.Equal(-n, a - (a + n));
    }

    [Property]
    public void Adding_and_taking_away_are_inverse_over_the_whole_circle(DoNotSize<uint> value, DoNotSize<int> step)
    {
        var a = new SeqNumber(value.Item);

        Assert.Equal(a, a + step.Item - step.Item);
        Assert.Equal(a + step.Item, a + (uint)step.Item);
        Assert.Equal(a, new SeqNumber(0) + (a - new SeqNumber(0)));
    }

    [Fact]
    [Rfc("9293 §3.4")]
    public void The_circle_closes_at_two_to_the_thirty_second()
    {
        var last = new SeqNumber(uint.MaxValue);

        Assert.Equal(new SeqNumber(0), last + 1);
        Assert.Equal(last, new SeqNumber(0) - 1);
        Assert.True(last < new SeqNumber(0));
        Assert.True(last < new SeqNumber(0x7fff_fffe));
        Assert.False(last < new SeqNumber(0x8000_0000));
        Assert.Equal(1, new SeqNumber(0) - last);
    }

    [Property]
    public void A_range_holds_exactly_its_length(DoNotSize<uint> start, DoNotSize<uint> length, DoNotSize<uint> offset)
    {
        var first = new SeqNumber(start.Item);

        Assert.Equal(offset.Item < length.Item, (first + offset.Item).IsIn(first, length.Item));
    }

    [Fact]
    public void A_range_may_wrap_and_an_empty_one_holds_nothing()
    {
        var start = new SeqNumber(uint.MaxValue - 1);

        Assert.True(start.IsIn(start, 1));
        Assert.False(start.IsIn(start, 0));
        Assert.True(new SeqNumber(2).IsIn(start, 5));
        Assert.False(new SeqNumber(3).IsIn(start, 5));
        Assert.False((start - 1).IsIn(start, 5));
    }

    [Fact]
    public void Nobody_can_sort_them_by_accident() =>
        Assert.DoesNotContain(
            typeof(SeqNumber).GetInterfaces(),
            static i => i.Name.StartsWith("IComparable", StringComparison.Ordinal));
}
