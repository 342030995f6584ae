using FsCheck.Xunit;
using UserTcp.Primitives;
using UserTcp.Tests.Support;

namespace UserTcp.Tests.Primitives;

public class WindowTests
{
    [Property]
    [Rfc("7323 §2.3")]
    public void The_field_never_promises_more_than_there_is_and_loses_less_than_a_step(uint bytes, byte shift)
    {
        var scale = new WindowScale(shift % 15);
        var size = new WindowSize(bytes & 0x3fff_ffff);

        WindowSize promised = (size >> scale) << scale;

        Assert.True(promised.Bytes <= size.Bytes);
        Assert.True(size.Bytes - promised.Bytes < 1u << scale.Shift || (size >> scale).Value == ushort.MaxValue);
    }

    [Fact]
    public void A_window_that_does_not_fit_is_the_largest_that_does()
    {
        Assert.Equal(65535, (new WindowSize(65536) >> WindowScale.None).Value);
        Assert.Equal(32768, (new WindowSize(65536) >> new WindowScale(1)).Value);
        Assert.Equal(65535u << 14, (new WireWindow(65535) << new WindowScale(14)).Bytes);
    }

    [Theory]
    [InlineData(-1, 0)]
    [InlineData(0, 0)]
    [InlineData(14, 14)]
    [InlineData(15, 14)]
    [InlineData(255, 14)]
    [Rfc("7323 §2.3")]
    public void A_shift_lies_between_0_and_14(int asked, int used) => Assert.Equal(used, new WindowScale(asked).Shift);

    [Theory]
    [InlineData(0u, 0)]
    [InlineData(65535u, 0)]
    [InlineData(65536u, 1)]
    [InlineData(1u << 20, 5)]
    [InlineData(8u << 20, 8)]
    [InlineData((1u << 30) - 1, 14)]
    [InlineData(uint.MaxValue, 14)]
    public void The_smallest_shift_that_does_is_taken(uint bytes, int shift) =>
        Assert.Equal(shift, WindowScale.For(bytes).Shift);
}
