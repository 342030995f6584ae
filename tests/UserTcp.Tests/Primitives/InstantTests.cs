using FsCheck.Xunit;
using UserTcp.Primitives;

namespace UserTcp.Tests.Primitives;

public class InstantTests
{
    [Property]
    public void Times_are_ordered_by_their_difference(int a, int b)
    {
        var x = new Instant(a);
        var y = new Instant(b);

        Assert.Equal(a < b, x < y);
        Assert.Equal(a <= b, x <= y);
        Assert.Equal(a > b, x > y);
        Assert.Equal(a >= b, x >= y);
        Assert.Equal((long)a - b, (x - y).Ticks);
        Assert.Equal(x, y + (x - y));
        Assert.Equal(y, x - (x - y));
        Assert.Equal(Math.Min(a, b), Instant.Min(x, y).Ticks);
        Assert.Equal(Math.Max(a, b), Instant.Max(x, y).Ticks);
    }

    [Fact]
    public void Never_is_later_than_everything_and_says_so()
    {
        Assert.True(Instant.Never.IsNever);
        Assert.True(new Instant(long.MaxValue - 1) < Instant.Never);
        Assert.False(new Instant(0).IsNever);
        Assert.Equal("never", Instant.Never.ToString());
    }

    [Fact]
    public void Milliseconds_count_whole_ones()
    {
        Assert.Equal(1, new Instant(19_999).Milliseconds);
        Assert.Equal(2, new Instant(20_000).Milliseconds);
    }
}
