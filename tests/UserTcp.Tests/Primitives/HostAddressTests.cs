using System.Net;
using FsCheck;
using FsCheck.Xunit;
using UserTcp.Primitives;

namespace UserTcp.Tests.Primitives;

public class HostAddressTests
{
    [Property]
    public void An_IPv4_address_survives_every_form(DoNotSize<uint> value)
    {
        HostAddress address = HostAddress.FromV4(value.Item);
        byte[] bytes = new byte[4];
        address.WriteV4(bytes);

        Assert.True(address.IsV4);
        Assert.Equal(value.Item, address.V4);
        Assert.Equal(address, HostAddress.ReadV4(bytes));
        Assert.Equal(bytes, address.ToIPAddress().GetAddressBytes());
        Assert.Equal(address, HostAddress.From(address.ToIPAddress()));
        Assert.Equal(address, HostAddress.From(address.ToIPAddress().MapToIPv6()));
        Assert.Equal(IpFamily.V4, address.Family);
    }

    [Theory]
    [InlineData("2001:db8::1")]
    [InlineData("fe80::1234:5678:9abc:def0")]
    [InlineData("::")]
    [InlineData("::1")]
    public void An_IPv6_address_survives_too(string text)
    {
        HostAddress address = HostAddress.From(IPAddress.Parse(text));

        Assert.False(address.IsV4);
        Assert.Equal(IPAddress.Parse(text), address.ToIPAddress());
        Assert.Equal(IpFamily.V6, address.Family);
    }

    [Theory]
    [InlineData("0.0.0.0", "unspecified")]
    [InlineData("255.255.255.255", "broadcast reserved")]
    [InlineData("223.255.255.255", "")]
    [InlineData("224.0.0.0", "multicast")]
    [InlineData("239.255.255.255", "multicast")]
    [InlineData("240.0.0.0", "reserved")]
    [InlineData("126.255.255.255", "")]
    [InlineData("127.0.0.1", "loopback")]
    [InlineData("127.255.255.255", "loopback")]
    [InlineData("128.0.0.0", "")]
    [InlineData("::", "unspecified")]
    [InlineData("::1", "loopback")]
    [InlineData("ff02::1", "multicast")]
    [InlineData("2001:db8::1", "")]
    public void Kinds_are_told_apart_at_their_edges(string text, string kinds)
    {
        HostAddress address = HostAddress.From(IPAddress.Parse(text));

        Assert.Equal(kinds.Contains("unspecified"), address.IsUnspecified);
        Assert.Equal(kinds.Contains("broadcast"), address.IsLimitedBroadcast);
        Assert.Equal(kinds.Contains("multicast"), address.IsMulticast);
        Assert.Equal(kinds.Contains("reserved"), address.IsReserved);
        Assert.Equal(kinds.Contains("loopback"), address.IsLoopback);
    }

    [Property]
    public void Two_addresses_share_exactly_their_common_prefix(DoNotSize<uint> value, byte bits)
    {
        int common = bits % 32;
        HostAddress a = HostAddress.FromV4(value.Item);
        HostAddress b = HostAddress.FromV4(value.Item ^ 0x8000_0000 >> common);
        for (int prefix = 0; prefix <= 32; prefix++)
        {
            Assert.Equal(prefix <= common, a.SharesPrefixV4(b, prefix));
            Assert.True(a.SharesPrefixV4(a, prefix));
        }
    }

    [Fact]
    public void No_IPv6_address_shares_an_IPv4_prefix() =>
        Assert.False(HostAddress.From(IPAddress.IPv6Any).SharesPrefixV4(HostAddress.AnyV4, 0));
}
