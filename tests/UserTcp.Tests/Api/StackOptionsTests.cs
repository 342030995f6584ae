using System.ComponentModel;
using System.Net;
using UserTcp.Links;

namespace UserTcp.Tests.Api;

/// <summary>Bad input from the caller is thrown at once, and names the option.</summary>
public sealed class StackOptionsTests : IDisposable
{
    private readonly VirtualLink _link;
    private readonly VirtualLink _other;

    public StackOptionsTests() => (_link, _other) = VirtualLink.CreatePair();

    public static TheoryData<string, Action<UserTcpStackOptions>> OutOfRange => new()
    {
        { nameof(UserTcpStackOptions.Mtu), o => o.Mtu = 575 },
        { nameof(UserTcpStackOptions.Mtu), o => o.Mtu = 65_536 },
        { nameof(UserTcpStackOptions.EphemeralPorts), o => o.EphemeralPorts = new UserTcpPortRange(0, 10) },
        { nameof(UserTcpStackOptions.EphemeralPorts), o => o.EphemeralPorts = new UserTcpPortRange(10, 9) },
        { nameof(UserTcpStackOptions.MaxConnections), o => o.MaxConnections = 0 },
        { nameof(UserTcpStackOptions.MaxConnections), o => o.MaxConnections = (1 << 24) + 1 },
        { nameof(UserTcpStackOptions.MaxHalfOpenConnections), o => o.MaxHalfOpenConnections = 0 },
        { nameof(UserTcpStackOptions.MaxOrphanedConnections), o => o.MaxOrphanedConnections = 0 },
        { nameof(UserTcpStackOptions.MaxTimeWaitConnections), o => o.MaxTimeWaitConnections = 65_537 },
        { nameof(UserTcpStackOptions.MaxBufferedBytes), o => o.MaxBufferedBytes = (1 << 20) - 1 },
        { nameof(UserTcpStackOptions.ShutdownTimeout), o => o.ShutdownTimeout = TimeSpan.FromTicks(-1) },
        { nameof(UserTcpStackOptions.ShutdownTimeout), o => o.ShutdownTimeout = TimeSpan.FromMinutes(11) },
        { nameof(UserTcpStackOptions.TimeWaitDuration), o => o.TimeWaitDuration = TimeSpan.FromTicks(-1) },
        { nameof(UserTcpStackOptions.SpinMicroseconds), o => o.SpinMicroseconds = -1 },
        { nameof(UserTcpStackOptions.SpinMicroseconds), o => o.SpinMicroseconds = 1001 },
        { nameof(UserTcpStackOptions.ChecksumValidation), o => o.ChecksumValidation = (UserTcpChecksumValidation)9 },
        { nameof(UserTcpStackOptions.Addresses), o => Set(o, "10.0.0.1", 33) },
        { nameof(UserTcpStackOptions.Addresses), o => Set(o, "10.0.0.1", -1) },
    };

    public static TheoryData<string, Action<UserTcpStackOptions>> Contradictions => new()
    {
        { nameof(UserTcpStackOptions.Link), o => o.Link = null },
        { nameof(UserTcpStackOptions.LinkName), o => o.LinkName = "pcap:eth0" },
        { nameof(UserTcpStackOptions.MacAddress), o => o.MacAddress = default(MacAddress) },
        { nameof(UserTcpStackOptions.MacAddress), o => o.MacAddress = MacAddress.Broadcast },
        { nameof(UserTcpStackOptions.MacAddress), o => o.MacAddress = MacAddress.Parse("01:00:5e:00:00:01") },
        { nameof(UserTcpStackOptions.Addresses), o => o.Addresses.Clear() },
        { nameof(UserTcpStackOptions.Addresses), o => Set(o, "0.0.0.0", 24) },
        { nameof(UserTcpStackOptions.Addresses), o => Set(o, "127.0.0.1", 8) },
        { nameof(UserTcpStackOptions.Addresses), o => Set(o, "224.0.0.1", 24) },
        { nameof(UserTcpStackOptions.Addresses), o => Set(o, "255.255.255.255", 32) },
        { nameof(UserTcpStackOptions.Addresses), o => Set(o, "10.0.0.0", 24) },
        { nameof(UserTcpStackOptions.Addresses), o => Set(o, "10.0.0.255", 24) },
        { nameof(UserTcpStackOptions.Addresses), o => Set(o, "fe80::1", 64) },
        { nameof(UserTcpStackOptions.Gateway), o => o.Gateway = IPAddress.Parse("10.0.1.1") },
        { nameof(UserTcpStackOptions.Gateway), o => o.Gateway = IPAddress.Parse("10.0.0.1") },
        { nameof(UserTcpStackOptions.Gateway), o => o.Gateway = IPAddress.IPv6Loopback },
        { nameof(UserTcpStackOptions.Routes), o => Route(o, "172.16.0.0/12", "10.9.9.9") },
        { nameof(UserTcpStackOptions.Routes), o => Route(o, "fe80::/64", "10.0.0.9") },
    };

    [Theory]
    [MemberData(nameof(OutOfRange))]
    public void An_option_out_of_range_is_named(string option, Action<UserTcpStackOptions> spoil)
    {
        UserTcpStackOptions options = Good();
        spoil(options);
        var thrown = Assert.Throws<ArgumentOutOfRangeException>(() => new UserTcpStack(options));
        Assert.Equal(option, thrown.ParamName);
        Assert.Contains(option, thrown.Message, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Contradictions))]
    public void An_option_that_cannot_be_is_named(string option, Action<UserTcpStackOptions> spoil)
    {
        UserTcpStackOptions options = Good();
        spoil(options);
        var thrown = Assert.ThrowsAny<ArgumentException>(() => new UserTcpStack(options));
        Assert.Equal(option, thrown.ParamName);
    }

    [Fact]
    public void A_point_to_point_prefix_may_use_both_its_addresses()
    {
        UserTcpStackOptions options = Good();
        options.Gateway = null;
        Set(options, "10.0.0.0", 31);
        using var stack = new UserTcpStack(options);
        Assert.Equal("10.0.0.0/31", stack.Addresses[0].ToString());
    }

    [Fact]
    public void Options_are_copied_when_the_stack_is_made()
    {
        UserTcpStackOptions options = Good();
        using var stack = new UserTcpStack(options);
        Set(options, "10.0.0.77", 24);
        options.Gateway = null;
        Assert.Equal("10.0.0.1", stack.Addresses[0].Address.ToString());
        Assert.NotNull(stack.Gateway);
        Assert.Equal(UserTcpStackState.Created, stack.State);
    }

    [Fact]
    public void What_only_the_link_can_tell_is_not_known_before_the_start()
    {
        UserTcpStackOptions options = Good();
        options.Link = null;
        options.LinkName = "pcap:none0";
        using var stack = new UserTcpStack(options);
        Assert.Throws<InvalidOperationException>(() => stack.Link);
        Assert.Throws<InvalidOperationException>(() => stack.MacAddress);
        Assert.Empty(stack.GetConnections());
        Assert.Equal(0, stack.GetStatistics().FramesSent);
    }

    [Theory]
    [InlineData("10.0.0.1/24", "10.0.0.1", 24)]
    [InlineData("10.0.0.1", "10.0.0.1", 32)]
    [InlineData("10.0.0.1/0", "10.0.0.1", 0)]
    [InlineData("fe80::1/64", "fe80::1", 64)]
    public void An_address_is_read_from_text(string text, string address, int prefix)
    {
        UserTcpAddress read = UserTcpAddress.Parse(text);
        Assert.Equal(new UserTcpAddress(IPAddress.Parse(address), prefix), read);
        Assert.Equal(read, TypeDescriptor.GetConverter(typeof(UserTcpAddress)).ConvertFromInvariantString(text));
    }

    [Theory]
    [InlineData("")]
    [InlineData("10.0.0.1/33")]
    [InlineData("10.0.0.1/-1")]
    [InlineData("10.0.0.1/")]
    [InlineData("10.0.0/24")]
    [InlineData("1")]
    [InlineData("host/24")]
    [InlineData("10.0.0.1/24/24")]
    public void What_is_no_address_is_not_read(string text)
    {
        Assert.False(UserTcpAddress.TryParse(text, null, out _));
        Assert.Throws<FormatException>(() => UserTcpAddress.Parse(text));
    }

    public void Dispose()
    {
        _link.Dispose();
        _other.Dispose();
    }

    private static void Set(UserTcpStackOptions options, string address, int prefix)
    {
        options.Addresses.Clear();
        options.Addresses.Add(new UserTcpAddress(IPAddress.Parse(address), prefix));
    }

    private static void Route(UserTcpStackOptions options, string network, string hop) =>
        options.Routes.Add(new UserTcpRoute(IPNetwork.Parse(network), IPAddress.Parse(hop)));

    private UserTcpStackOptions Good()
    {
        UserTcpStackOptions options = StackPair.Options(_link, StackPair.ClientAddress);
        options.LeaveLinkOpen = true;
        return options;
    }
}
