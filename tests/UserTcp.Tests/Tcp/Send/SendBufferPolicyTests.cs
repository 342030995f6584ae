using UserTcp.Tcp.Send;

namespace UserTcp.Tests.Tcp.Send;

public sealed class SendBufferPolicyTests
{
    [Theory]
    [InlineData(0, false, 65_536)] // no window yet
    [InlineData(14_600, false, 65_536)]
    [InlineData(100_000, false, 400_000)]
    [InlineData(1_048_576, false, 4_194_304)]
    [InlineData(100_000_000, false, 4_194_304)]
    [InlineData(long.MaxValue, false, 4_194_304)]
    [InlineData(100_000, true, 4_000)] // a few segments, so that writers wait
    [InlineData(0, true, 4_000)]
    public void Follows_the_congestion_window(long congestionWindow, bool isUnderPressure, int expected)
    {
        var facts = new SendBufferFacts(65_536, 4 << 20, congestionWindow, 1000, isUnderPressure);
        Assert.Equal(expected, SendBufferPolicy.Next(facts));
    }

    [Theory]
    [InlineData(false, 2048)]
    [InlineData(true, 2048)]
    public void A_small_buffer_stays_small(bool isUnderPressure, int expected) => Assert.Equal(
        expected, SendBufferPolicy.Next(new SendBufferFacts(2048, 2048, 100_000, 1000, isUnderPressure)));
}
