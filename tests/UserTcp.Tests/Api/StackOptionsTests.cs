using System.ComponentModel;
using System.Net;
using UserTcp.Ip;
using UserTcp.Links;
using UserTcp.Runtime;

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
        { nameof(UserTcpStackOptions.SpinTime), o => o.SpinTime = TimeSpan.FromTicks(-1) },
        { nameof(UserTcpStackOptions.SpinTime), o => o.SpinTime = TimeSpan.FromMicroseconds(1001) },
        { nameof(UserTcpStackOptions.NeighborRequestInterval), o => o.NeighborRequestInterval = TimeSpan.Zero },
        { nameof(UserTcpStackOptions.NeighborRequestInterval), o => o.NeighborRequestInterval = TimeSpan.MaxValue },
        { nameof(UserTcpStackOptions.NeighborRequestLimit), o => o.NeighborRequestLimit = 0 },
        { nameof(UserTcpStackOptions.NeighborRequestLimit), o => o.NeighborRequestLimit = 256 },
        { nameof(UserTcpStackOptions.NeighborFreshTime), o => o.NeighborFreshTime = TimeSpan.Zero },
        { nameof(UserTcpStackOptions.MaxNeighbors), o => o.MaxNeighbors = 0 },
        { nameof(UserTcpStackOptions.MaxNeighbors), o => o.MaxNeighbors = (1 << 16) + 1 },
        { nameof(UserTcpStackOptions.AddressProbes), o => o.AddressProbes = 0 },
        { nameof(UserTcpStackOptions.AddressProbes), o => o.AddressProbes = 11 },
        { nameof(UserTcpStackOptions.AddressProbeInterval), o => o.AddressProbeInterval = TimeSpan.Zero },
        { nameof(UserTcpStackOptions.AddressAnnouncements), o => o.AddressAnnouncements = 0 },
        { nameof(UserTcpStackOptions.AddressAnnouncements), o => o.AddressAnnouncements = 11 },
        { nameof(UserTcpStackOptions.AddressDefenceInterval), o => o.AddressDefenceInterval = TimeSpan.Zero },
        { nameof(UserTcpStackOptions.ReassemblyTimeout), o => o.ReassemblyTimeout = TimeSpan.Zero },
        { nameof(UserTcpStackOptions.ReassemblyTimeout), o => o.ReassemblyTimeout = TimeSpan.FromMinutes(3) },
        { nameof(UserTcpStackOptions.MaxReassemblies), o => o.MaxReassemblies = 0 },
        { nameof(UserTcpStackOptions.MaxReassemblyBytes), o => o.MaxReassemblyBytes = 1 << 17 },
        { nameof(UserTcpStackOptions.PathMtuLifetime), o => o.PathMtuLifetime = TimeSpan.FromMinutes(4) },
        { nameof(UserTcpStackOptions.MinPathMtu), o => o.MinPathMtu = 67 },
        { nameof(UserTcpStackOptions.MinPathMtu), o => o.MinPathMtu = 1501 },
        { nameof(UserTcpStackOptions.MaxChallengeAcksPerSecond), o => o.MaxChallengeAcksPerSecond = 0 },
        { nameof(UserTcpStackOptions.MaxChallengeAcksPerConnection), o => o.MaxChallengeAcksPerConnection = 0 },
        { nameof(UserTcpStackOptions.MaxStrangerRepliesPerSecond), o => o.MaxStrangerRepliesPerSecond = 0 },
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
        { nameof(UserTcpStackOptions.LoopbackAlias), o => o.LoopbackAlias = IPAddress.Loopback },
        { nameof(UserTcpStackOptions.LoopbackAlias), o => o.LoopbackAlias = IPAddress.Any },
        { nameof(UserTcpStackOptions.LoopbackAlias), o => o.LoopbackAlias = IPAddress.Parse("224.0.0.1") },
        { nameof(UserTcpStackOptions.LoopbackAlias), o => o.LoopbackAlias = IPAddress.Broadcast },
        { nameof(UserTcpStackOptions.LoopbackAlias), o => o.LoopbackAlias = IPAddress.IPv6Any },
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
    public void The_defaults_are_those_of_the_table()
    {
        UserTcpStackOptions options = Good();
        options.ShutdownTimeout = new UserTcpStackOptions().ShutdownTimeout;
        StackSettings settings = options.ToSettings();
        Assert.Equal((262_144, 16_384, 4_096, 65_536),
            (settings.MaxConnections, settings.MaxHalfOpen, settings.MaxOrphans, settings.MaxTimeWait));
        Assert.Equal(256L << 20, settings.MaxBufferedBytes);
        Assert.Equal((32768, 65535), (settings.FirstEphemeralPort, settings.LastEphemeralPort));
        Assert.Equal(TimeSpan.FromSeconds(5), settings.ShutdownTimeout);
        Assert.Equal(TimeSpan.FromSeconds(60), settings.TimeWait);
        Assert.Equal((1_000, 10), (settings.ChallengeAcksPerSecond, settings.ChallengeAcksPerConnection));
        Assert.Equal(2_000, settings.StrangerRepliesPerSecond);
        Assert.Equal(
            (true, true, TimeSpan.FromMicroseconds(50)),
            (settings.DetectConflicts, settings.RespondToPing, settings.SpinTime));
        Assert.Equal(new IpLimits(), settings.Ip);
    }

    [Fact]
    public void The_defaults_below_TCP_are_those_of_the_table() => Assert.Equal(
        new IpLimits
        {
            ArpInterval = TimeSpan.FromSeconds(1),
            ArpTries = 3,
            NeighborFreshTime = TimeSpan.FromSeconds(60),
            MaxNeighbors = 1024,
            Probes = 3,
            ProbeInterval = TimeSpan.FromMilliseconds(200),
            Announcements = 2,
            DefendInterval = TimeSpan.FromSeconds(10),
            ReassemblyTimeout = TimeSpan.FromSeconds(30),
            MaxReassemblies = 64,
            MaxReassemblyBytes = 4 << 20,
            PathMtuLifetime = TimeSpan.FromMinutes(10),
            PathMtuFloor = 552,
        },
        IpLimits.Default);

    [Fact]
    public void Limits_below_TCP_are_taken_over_one_by_one()
    {
        UserTcpStackOptions options = Good();
        options.NeighborRequestInterval = TimeSpan.FromSeconds(2);
        options.NeighborRequestLimit = 4;
        options.NeighborFreshTime = TimeSpan.FromSeconds(5);
        options.MaxNeighbors = 6;
        options.AddressProbes = 7;
        options.AddressProbeInterval = TimeSpan.FromSeconds(8);
        options.AddressAnnouncements = 9;
        options.AddressDefenceInterval = TimeSpan.FromSeconds(11);
        options.ReassemblyTimeout = TimeSpan.FromSeconds(12);
        options.MaxReassemblies = 13;
        options.MaxReassemblyBytes = 1 << 20;
        options.PathMtuLifetime = TimeSpan.FromMinutes(14);
        options.MinPathMtu = 150;
        var expected = new IpLimits
        {
            ArpInterval = TimeSpan.FromSeconds(2),
            ArpTries = 4,
            NeighborFreshTime = TimeSpan.FromSeconds(5),
            MaxNeighbors = 6,
            Probes = 7,
            ProbeInterval = TimeSpan.FromSeconds(8),
            Announcements = 9,
            DefendInterval = TimeSpan.FromSeconds(11),
            ReassemblyTimeout = TimeSpan.FromSeconds(12),
            MaxReassemblies = 13,
            MaxReassemblyBytes = 1 << 20,
            PathMtuLifetime = TimeSpan.FromMinutes(14),
            PathMtuFloor = 150,
        };
        Assert.Equal(expected, options.ToSettings().Ip);
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

    [Theory]
    [MemberData(nameof(OutOfRange))]
    public void Options_are_validated_without_a_stack(string option, Action<UserTcpStackOptions> change)
    {
        UserTcpStackOptions options = Good();
        options.Validate();
        change(options);
        Assert.Equal(option, Assert.Throws<ArgumentOutOfRangeException>(options.Validate).ParamName);
    }

    [Fact]
    public void Validation_covers_the_defaults_of_connections_and_opens_no_link()
    {
        UserTcpStackOptions options = Good();
        options.Link = null;
        options.LinkName = "pcap:none0";
        options.Validate();
        options.ConnectionDefaults.RetransmitLimit = 0;
        Assert.Equal(
            nameof(UserTcpConnectionOptions.RetransmitLimit),
            Assert.Throws<ArgumentOutOfRangeException>(options.Validate).ParamName);
        Assert.Throws<ArgumentOutOfRangeException>(options.ConnectionDefaults.Validate);
    }

    [Fact]
    public void Options_made_from_the_defaults_leave_the_stack_as_it_is()
    {
        UserTcpStackOptions options = Good();
        options.ConnectionDefaults.NoDelay = false;
        using var stack = new UserTcpStack(options);
        options.ConnectionDefaults.NoDelay = true;
        UserTcpConnectionOptions made = stack.CreateConnectionOptions();
        Assert.False(made.NoDelay);
        made.NoDelay = true;
        Assert.False(stack.CreateConnectionOptions().NoDelay);
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
    [InlineData("10.0.0.1/32", "10.0.0.1", 32)]
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
    [InlineData("10.0.0.1")]
    [InlineData("fe80::1")]
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

    [Fact]
    public async Task An_address_without_a_prefix_length_is_refused_with_what_is_to_be_written()
    {
        FormatException thrown = await Assert.ThrowsAsync<FormatException>(
            () => UserTcpStack.OpenAsync("virtual:none", "10.0.0.1").AsTask());

        Assert.Contains("write '10.0.0.1/24'", thrown.Message, StringComparison.Ordinal);
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
