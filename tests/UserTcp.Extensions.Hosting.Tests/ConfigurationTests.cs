using System.Net;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace UserTcp.Extensions.Hosting.Tests;

/// <summary>Options read from configuration: every kind arrives, nothing is passed over in silence.</summary>
public sealed class ConfigurationTests
{
    [Fact]
    public void Every_kind_of_option_is_read()
    {
        UserTcpStackOptions options = Read(
            ("LinkName", "eth0"), ("MacAddress", "02:00:5e:10:00:01"), ("Addresses:0", "192.168.1.50/24"),
            ("Addresses:1", "192.168.1.51/24"), ("Gateway", "192.168.1.1"),
            ("LoopbackAlias", "192.168.1.1"),
            ("Routes:0", "10.0.0.0/8 via 192.168.1.254 metric 5"), ("EphemeralPorts", "40000-50000"),
            ("ShutdownTimeout", "00:00:07"), ("ChecksumValidation", "Always"), ("MaxBufferedBytes", "1048576"),
            ("ConnectionDefaults:CongestionControl", "NewReno"), ("ConnectionDefaults:NoDelay", "false"),
            ("ConnectionDefaults:LocalEndPoint", "192.168.1.51:0"), ("ConnectionDefaults:Ecn", "Active"),
            ("ConnectionDefaults:KeepAlive:Time", "00:05:00"), ("ConnectionDefaults:LossRecovery:Rack", "false"));

        Assert.Equal("eth0", options.LinkName);
        Assert.Equal(MacAddress.Parse("02:00:5e:10:00:01"), options.MacAddress);
        Assert.Equal(["192.168.1.50/24", "192.168.1.51/24"], options.Addresses.Select(address => address.ToString()));
        Assert.Equal(IPAddress.Parse("192.168.1.1"), options.Gateway);
        Assert.Equal(IPAddress.Parse("192.168.1.1"), options.LoopbackAlias);
        Assert.Equal(
            new UserTcpRoute(IPNetwork.Parse("10.0.0.0/8"), IPAddress.Parse("192.168.1.254"), 5),
            Assert.Single(options.Routes));
        Assert.Equal(new UserTcpPortRange(40000, 50000), options.EphemeralPorts);
        Assert.Equal(TimeSpan.FromSeconds(7), options.ShutdownTimeout);
        Assert.Equal(UserTcpChecksumValidation.Always, options.ChecksumValidation);
        Assert.Equal(1 << 20, options.MaxBufferedBytes);
        Assert.Same(CongestionControl.NewReno, options.ConnectionDefaults.CongestionControl);
        Assert.False(options.ConnectionDefaults.NoDelay);
        Assert.Equal(IPEndPoint.Parse("192.168.1.51:0"), options.ConnectionDefaults.LocalEndPoint);
        Assert.Equal(UserTcpEcnMode.Active, options.ConnectionDefaults.Ecn);
        Assert.Equal(TimeSpan.FromMinutes(5), options.ConnectionDefaults.KeepAlive!.Time);
        Assert.Equal(75, options.ConnectionDefaults.KeepAlive.Interval.TotalSeconds);
        Assert.False(options.ConnectionDefaults.LossRecovery.Rack);
        Assert.True(options.ConnectionDefaults.LossRecovery.TailLossProbe);
        Assert.Equal("lan", options.Name);
    }

    [Theory]
    [InlineData("LinkNam", "eth0", "LinkNam")]
    [InlineData("ConnectionDefaults:NoDelai", "true", "NoDelai")]
    [InlineData("Gateway", "192.168.1.x", "stack:Gateway")]
    [InlineData("ConnectionDefaults:LocalEndPoint", "nowhere", "stack:ConnectionDefaults:LocalEndPoint")]
    [InlineData("LoopbackAlias", "localhost", "stack:LoopbackAlias")]
    [InlineData("Addresses:0", "192.168.1.50/99", "Addresses:0")]
    [InlineData("Addresses:0", "192.168.1.50", "Addresses:0")]
    [InlineData("Addresses:0", "192.168.1.50", "write '192.168.1.50/24'")]
    [InlineData("Routes:0", "10.0.0.0/8", "Routes:0")]
    [InlineData("ConnectionDefaults:CongestionControl", "vegas", "CongestionControl")]
    public void What_cannot_be_read_is_named(string key, string value, string named)
    {
        InvalidOperationException thrown = Assert.Throws<InvalidOperationException>(() => Read((key, value)));

        Assert.Contains(named, thrown.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("10.0.0.0/8 via 192.168.1.1")]
    [InlineData("0.0.0.0/0 via 10.0.0.1 metric 7")]
    public void A_route_is_written_as_it_is_read(string text) =>
        Assert.Equal(text, UserTcpRoute.Parse(text).ToString());

    [Theory]
    [InlineData("10.0.0.0/8 192.168.1.1")]
    [InlineData("10.0.0.0/8 via 192.168.1.1 metric")]
    [InlineData("10.0.0.0/8 via 192.168.1.1 metric -1")]
    [InlineData("")]
    public void What_is_no_route_is_none(string text) => Assert.False(UserTcpRoute.TryParse(text, null, out _));

    [Theory]
    [InlineData("1-65535", true)]
    [InlineData("2000 - 3000", true)]
    [InlineData("3000-2000", false)]
    [InlineData("3000", false)]
    [InlineData("1-65536", false)]
    public void A_range_is_two_ports_in_order(string text, bool isOne) =>
        Assert.Equal(isOne, UserTcpPortRange.TryParse(text, null, out _));

    private static UserTcpStackOptions Read(params (string Key, string Value)[] entries)
    {
        IConfigurationRoot configuration = new ConfigurationBuilder()
            .AddInMemoryCollection(entries.Select(
                entry => new KeyValuePair<string, string?>($"stack:{entry.Key}", entry.Value)))
            .Build();
        var services = new ServiceCollection();
        services.AddUserTcpStack("lan", configuration.GetSection("stack"));
        using ServiceProvider provider = services.BuildServiceProvider();
        return provider.GetRequiredService<IOptionsMonitor<UserTcpStackOptions>>().Get("lan");
    }
}
