using UserTcp.Primitives;
using UserTcp.Tcp.Receive;

namespace UserTcp.Tests.Tcp.Receive;

/// <summary>The peer hears of a window that opened, in the units of the field.</summary>
public sealed class WindowPolicyTests
{
    /// <summary>16 KiB a unit: the peer has been promised one already, and 16,500 octets are no more than one.</summary>
    [Theory]
    [InlineData(0, true)]
    [InlineData(14, false)]
    public void An_update_that_would_say_nothing_new_is_not_due(int shift, bool isDue)
    {
        var facts = new WindowFacts(
            Capacity: 20_000, Unexamined: 3_500, Unused: 100, Mss: 1_000, new WindowScale(shift));
        Assert.Equal(isDue, WindowPolicy.ShouldUpdate(facts));
        Assert.Equal(isDue ? 16_500 : 1, WindowPolicy.Next(facts).Value);
    }
}
