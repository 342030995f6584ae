using UserTcp.Primitives;
using UserTcp.Tests.Support;

namespace UserTcp.Tests.Primitives;

public class MssTests
{
    [Theory]
    [InlineData(1500, true, 1460)]
    [InlineData(1500, false, 1440)]
    [InlineData(576, true, 536)]
    [InlineData(1280, false, 1220)]
    [InlineData(68, true, 48)]
    [InlineData(0, true, 48)]
    [Rfc("9293 §3.7.1", "MUST-67")]
    public void The_MTU_less_the_fixed_headers_is_left(int mtu, bool isV4, int bytes) =>
        Assert.Equal(bytes, Mss.FromMtu(mtu, isV4 ? IpFamily.V4 : IpFamily.V6).Bytes);

    [Fact, Rfc("9293 §3.7.1", "MUST-15")]
    public void The_defaults_are_536_and_1220()
    {
        Assert.Equal(536, IpFamily.V4.DefaultMss.Bytes);
        Assert.Equal(1220, IpFamily.V6.DefaultMss.Bytes);
        Assert.Equal(new Mss(536), Mss.Min(IpFamily.V4.DefaultMss, IpFamily.V6.DefaultMss));
    }
}
