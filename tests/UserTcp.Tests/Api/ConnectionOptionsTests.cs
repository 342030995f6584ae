using System.Net;
using UserTcp.Runtime;
using UserTcp.Tcp;

namespace UserTcp.Tests.Api;

public sealed class ConnectionOptionsTests
{
    public static TheoryData<string, Action<UserTcpConnectionOptions>> OutOfRange => new()
    {
        { nameof(UserTcpConnectionOptions.ReceiveBufferSize), o => o.ReceiveBufferSize = 2047 },
        { nameof(UserTcpConnectionOptions.ReceiveBufferSize), o => o.ReceiveBufferSize = (1 << 30) + 1 },
        { nameof(UserTcpConnectionOptions.SendBufferSize), o => o.SendBufferSize = 0 },
        { nameof(UserTcpConnectionOptions.MaxHeldBytes), o => o.MaxHeldBytes = 0 },
        { nameof(UserTcpConnectionOptions.MaxSegmentSize), o => o.MaxSegmentSize = 47 },
        { nameof(UserTcpConnectionOptions.MaxSegmentSize), o => o.MaxSegmentSize = 65_496 },
        { nameof(UserTcpConnectionOptions.InitialWindowSegments), o => o.InitialWindowSegments = 0 },
        { nameof(UserTcpConnectionOptions.InitialWindowSegments), o => o.InitialWindowSegments = 11 },
        { nameof(UserTcpConnectionOptions.RetransmitLimit), o => o.RetransmitLimit = 0 },
        { nameof(UserTcpConnectionOptions.RetransmitAdviceThreshold), o => o.RetransmitAdviceThreshold = 0 },
        { nameof(UserTcpConnectionOptions.SynAckRetryLimit), o => o.SynAckRetryLimit = -1 },
        { nameof(UserTcpConnectionOptions.MaxPersistInterval), o => o.MaxPersistInterval = TimeSpan.Zero },
        { nameof(UserTcpConnectionOptions.TimeToLive), o => o.TimeToLive = 0 },
        { nameof(UserTcpConnectionOptions.ConnectTimeout), o => o.ConnectTimeout = TimeSpan.Zero },
        { nameof(UserTcpConnectionOptions.LingerTimeout), o => o.LingerTimeout = TimeSpan.FromTicks(-1) },
        { nameof(UserTcpConnectionOptions.UserTimeout), o => o.UserTimeout = TimeSpan.Zero },
        { nameof(UserTcpConnectionOptions.InitialRetransmitTimeout), o => o.InitialRetransmitTimeout = TimeSpan.Zero },
        { nameof(UserTcpConnectionOptions.MinRetransmitTimeout), o => o.MinRetransmitTimeout = TimeSpan.Zero },
        { nameof(UserTcpConnectionOptions.MaxRetransmitTimeout), o => o.MaxRetransmitTimeout = TimeSpan.Zero },
        { nameof(UserTcpConnectionOptions.SynTimeout), o => o.SynTimeout = TimeSpan.Zero },
        { nameof(UserTcpConnectionOptions.DelayedAckTimeout), o => o.DelayedAckTimeout = TimeSpan.FromSeconds(0.5) },
        { nameof(UserTcpConnectionOptions.OrphanTimeout), o => o.OrphanTimeout = TimeSpan.Zero },
        { nameof(UserTcpKeepAliveOptions.Time), o => o.KeepAlive = new() { Time = TimeSpan.Zero } },
        { nameof(UserTcpKeepAliveOptions.Interval), o => o.KeepAlive = new() { Interval = TimeSpan.Zero } },
        { nameof(UserTcpKeepAliveOptions.RetryCount), o => o.KeepAlive = new() { RetryCount = 0 } },
    };

    [Theory]
    [MemberData(nameof(OutOfRange))]
    public void An_option_out_of_range_is_named(string option, Action<UserTcpConnectionOptions> spoil)
    {
        var options = new UserTcpConnectionOptions();
        spoil(options);
        Assert.Equal(option, Assert.Throws<ArgumentOutOfRangeException>(options.ToSettings).ParamName);
    }

    [Fact]
    public void The_defaults_are_those_of_the_table()
    {
        ConnectionSettings settings = new UserTcpConnectionOptions().ToSettings();
        Assert.True(settings.Live.NoDelay);
        Assert.Null(settings.ConnectTimeout);
        Assert.Null(settings.Live.UserTimeout);
        Assert.False(settings.Live.KeepAlive);
        Assert.Equal(8 << 20, settings.ReceiveBufferBytes);
        Assert.Equal(32L << 20, settings.MaxHeldBytes);
        Assert.Equal(4 << 20, settings.SendBufferBytes);
        Assert.Equal((15, 3, 5), (settings.RetransmitLimit, settings.AdviceThreshold, settings.SynAckRetries));
        Assert.Equal(TimeSpan.FromSeconds(1), settings.InitialRto);
        Assert.Equal(TimeSpan.FromMilliseconds(200), settings.MinRto);
        Assert.Equal(TimeSpan.FromSeconds(120), settings.MaxRto);
        Assert.Equal(TimeSpan.FromSeconds(60), settings.PersistMax);
        Assert.Equal(TimeSpan.FromSeconds(60), settings.Live.OrphanTimeout);
        Assert.Equal(TimeSpan.FromSeconds(180), settings.SynTimeout);
        Assert.Equal(TimeSpan.FromMilliseconds(40), settings.DelayedAck);
        Assert.Equal(10, settings.InitialWindowSegments);
        Assert.True(settings is { WindowScaling: true, SelectiveAcknowledgments: true, Timestamps: true });
        var listener = new UserTcpListenerOptions();
        Assert.Equal((512, 1024), (listener.Backlog, listener.SynBacklog));
        KeepAliveSettings keepAlive = new UserTcpKeepAliveOptions().ToSettings();
        Assert.Equal(new KeepAliveSettings(TimeSpan.FromHours(2), TimeSpan.FromSeconds(75), 9), keepAlive);
    }

    [Fact]
    public void A_local_end_on_IPv6_is_refused()
    {
        var options = new UserTcpConnectionOptions { LocalEndPoint = new IPEndPoint(IPAddress.IPv6Loopback, 1) };
        Assert.Equal(
            nameof(UserTcpConnectionOptions.LocalEndPoint),
            Assert.Throws<ArgumentException>(options.ToSettings).ParamName);
    }

    [Fact]
    public void A_clone_is_independent()
    {
        var options = new UserTcpConnectionOptions { LocalEndPoint = new IPEndPoint(IPAddress.Any, 5) };
        UserTcpConnectionOptions clone = options.Clone();
        clone.LocalEndPoint!.Port = 6;
        clone.NoDelay = false;
        Assert.Equal(5, options.LocalEndPoint.Port);
        Assert.True(options.NoDelay);
    }

    [Theory]
    [InlineData(nameof(UserTcpListenerOptions.Backlog), 0, 1)]
    [InlineData(nameof(UserTcpListenerOptions.Backlog), 65_536, 1)]
    [InlineData(nameof(UserTcpListenerOptions.SynBacklog), 1, 0)]
    [InlineData(nameof(UserTcpListenerOptions.SynBacklog), 1, 65_536)]
    public void A_backlog_out_of_range_is_named(string option, int backlog, int synBacklog)
    {
        var options = new UserTcpListenerOptions { Backlog = backlog, SynBacklog = synBacklog };
        Assert.Equal(option, Assert.Throws<ArgumentOutOfRangeException>(options.ToSettings).ParamName);
    }

    [Fact]
    public void A_listener_for_any_address_has_none_of_its_own()
    {
        var options = new UserTcpRequestListenerOptions
        {
            AnyAddress = true,
            LocalEndPoint = new IPEndPoint(StackPair.ServerAddress, 80),
        };
        Assert.Equal(
            nameof(UserTcpRequestListenerOptions.LocalEndPoint),
            Assert.Throws<ArgumentException>(options.Validate).ParamName);
    }
}
