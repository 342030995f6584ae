using System.Reflection;
using System.Runtime.CompilerServices;
using UserTcp.Tcp;
using UserTcp.Tests.Support;

namespace UserTcp.Tests.Tcp;

public sealed class LiveSettingsTests
{
    [Theory]
    [InlineData(typeof(TcpConfig))]
    [InlineData(typeof(LiveSettings))]
    public void Settings_that_connections_share_cannot_be_changed_in_place(Type type)
    {
        MethodInfo[] setters = [.. type.GetProperties().Select(property => property.SetMethod).OfType<MethodInfo>()];
        Assert.NotEmpty(setters);
        Assert.All(setters, setter => Assert.Contains(
            typeof(IsExternalInit), setter.ReturnParameter.GetRequiredCustomModifiers()));
    }

    [Fact]
    public void A_connection_shares_its_settings_until_its_first_change()
    {
        TcpConfig config = TcbBench.Defaults();
        TcbBench one = TcbBench.Established(config);
        TcbBench other = TcbBench.Established(config);
        Assert.Same(one.Tcb.Live, other.Tcb.Live);
        one.Changes(live => live with { NoDelay = false });
        Assert.Equal((false, true, true), (one.Tcb.Live.NoDelay, other.Tcb.Live.NoDelay, config.Live.NoDelay));
    }

    [Fact]
    public void Keep_alive_that_is_switched_off_keeps_its_times()
    {
        var wanted = new KeepAliveSettings(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(2), 3);
        LiveSettings off = new LiveSettings().WithKeepAlive(wanted).WithKeepAlive(null);
        Assert.False(off.KeepAlive);
        Assert.Equal(
            (wanted.Time, wanted.Interval, wanted.Probes),
            (off.KeepAliveTime, off.KeepAliveInterval, off.KeepAliveProbes));
    }
}
