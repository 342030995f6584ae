using System.Net.Sockets;
using UserTcp.Diagnostics;
using UserTcp.Links;
using UserTcp.Primitives;
using UserTcp.Runtime;
using UserTcp.Stack;
using UserTcp.Wire;

namespace UserTcp;

public sealed partial class UserTcpStackOptions
{
    private static readonly TimeSpan s_longestShutdown = TimeSpan.FromMinutes(10);

    /// <summary>
    /// Checks every option, those of <see cref="ConnectionDefaults"/> too, as the constructor of the stack does. Opens
    /// nothing: <see cref="LinkDevice.CheckAccess"/> tells whether a link of this name can be opened.
    /// </summary>
    /// <exception cref="ArgumentException">
    /// Two options contradict each other, or one is missing; the message says what to change.
    /// </exception>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of its range; named by the property.</exception>
    public void Validate() => ToSettings();

    /// <summary>Checks every option and makes the copy that the stack lives by.</summary>
    internal StackSettings ToSettings()
    {
        CheckLink();
        OptionCheck.InRange(Shards, 1, Steering.MaxShards, nameof(Shards));
        CheckLimits();
        List<StackAddress> addresses = CheckAddresses();
        return new StackSettings
        {
            Link = Link,
            LinkName = LinkName,
            LeaveLinkOpen = LeaveLinkOpen,
            Name = Name,
            Shards = Shards,
            MacAddress = CheckMac(),
            Addresses = addresses,
            Gateway = CheckGateway(addresses),
            LoopbackAlias = CheckLoopbackAlias(),
            Routes = CheckRoutes(addresses),
            Mtu = Mtu,
            DetectConflicts = DetectAddressConflicts,
            FirstEphemeralPort = EphemeralPorts.First,
            LastEphemeralPort = EphemeralPorts.Last,
            ConnectionDefaults = ConnectionDefaults.ToSettings(),
            MaxConnections = MaxConnections,
            MaxHalfOpen = MaxHalfOpenConnections,
            MaxOrphans = MaxOrphanedConnections,
            MaxTimeWait = MaxTimeWaitConnections,
            MaxBufferedBytes = MaxBufferedBytes,
            ShutdownTimeout = ShutdownTimeout,
            TimeWait = TimeWaitDuration,
            ChallengeAcksPerSecond = MaxChallengeAcksPerSecond,
            ChallengeAcksPerConnection = MaxChallengeAcksPerConnection,
            StrangerRepliesPerSecond = MaxStrangerRepliesPerSecond,
            Ip = CheckIpLimits(),
            Checksums = (ChecksumPolicy)ChecksumValidation,
            RespondToPing = RespondToPing,
            SpinTime = SpinTime,
            TimeProvider = TimeProvider,
            LoggerFactory = LoggerFactory,
            MeterFactory = MeterFactory,
            Taps = new TapSet(Taps),
            Scheduler = ApplicationScheduler,
            Seed = DeterministicSeed,
            Driver = Driver,
        };
    }

    private void CheckLink()
    {
        if (Link is null && string.IsNullOrWhiteSpace(LinkName))
            throw new ArgumentException("The stack needs a link: set Link or LinkName (pcap:eth0).", nameof(Link));
        if (Link is not null && LinkName is not null)
            throw new ArgumentException("Link and LinkName are both set: leave one of them null.", nameof(LinkName));
    }

    private void CheckLimits()
    {
        if (Mtu is int mtu)
            OptionCheck.InRange(mtu, IpFamily.V4.SafeMtu, ushort.MaxValue, nameof(Mtu));
        OptionCheck.InRange(EphemeralPorts.First, 1, ushort.MaxValue, nameof(EphemeralPorts));
        OptionCheck.InRange(EphemeralPorts.Last, EphemeralPorts.First, ushort.MaxValue, nameof(EphemeralPorts));
        OptionCheck.InRange(MaxConnections, 1, 1 << 24, nameof(MaxConnections));
        OptionCheck.InRange(MaxHalfOpenConnections, 1, 1 << 20, nameof(MaxHalfOpenConnections));
        OptionCheck.InRange(MaxOrphanedConnections, 1, 1 << 20, nameof(MaxOrphanedConnections));
        OptionCheck.InRange(MaxTimeWaitConnections, 1, 1 << 16, nameof(MaxTimeWaitConnections));
        OptionCheck.InRange(MaxBufferedBytes, 1 << 20, long.MaxValue / 2, nameof(MaxBufferedBytes));
        OptionCheck.InRange(ShutdownTimeout, TimeSpan.Zero, s_longestShutdown, nameof(ShutdownTimeout));
        OptionCheck.InRange(TimeWaitDuration, TimeSpan.Zero, s_longestShutdown, nameof(TimeWaitDuration));
        OptionCheck.InRange(SpinTime, TimeSpan.Zero, TimeSpan.FromMilliseconds(1), nameof(SpinTime));
        OptionCheck.Defined(ChecksumValidation, nameof(ChecksumValidation));
        ArgumentNullException.ThrowIfNull(ConnectionDefaults, nameof(ConnectionDefaults));
        ArgumentNullException.ThrowIfNull(TimeProvider, nameof(TimeProvider));
        ArgumentNullException.ThrowIfNull(ApplicationScheduler, nameof(ApplicationScheduler));
    }

    private MacAddress? CheckMac()
    {
        if (MacAddress is MacAddress mac && (mac.IsZero || mac.IsMulticast))
        {
            throw new ArgumentException(
                $"{mac} cannot be a station's address: it must be neither zero nor a group's.", nameof(MacAddress));
        }

        return MacAddress;
    }

    private List<StackAddress> CheckAddresses()
    {
        if (Addresses.Count == 0)
            throw new ArgumentException("The stack needs an address, such as 192.168.1.50/24.", nameof(Addresses));

        var checkedAddresses = new List<StackAddress>(Addresses.Count);
        foreach (UserTcpAddress address in Addresses)
        {
            checkedAddresses.Add(CheckAddress(address));
        }

        return checkedAddresses;
    }

    private static StackAddress CheckAddress(UserTcpAddress address)
    {
        HostAddress host = OptionCheck.Ipv4(address.Address, nameof(Addresses));
        OptionCheck.InRange(address.PrefixLength, 0, 32, nameof(Addresses));
        uint mask = address.PrefixLength == 0 ? 0 : uint.MaxValue << (32 - address.PrefixLength);
        bool hasNetworkAndBroadcast = address.PrefixLength is > 0 and < 31;
        bool isWhole = hasNetworkAndBroadcast && ((host.V4 & ~mask) == 0 || (host.V4 | mask) == uint.MaxValue);
        if (host.IsUnspecified || host.IsMulticast || host.IsReserved || host.IsLoopback || isWhole)
        {
            throw new ArgumentException(
                $"{address} cannot be a host's address: it must not be zero, loopback, a group, or a whole subnet.",
                nameof(Addresses));
        }

        return new StackAddress(host, address.PrefixLength);
    }

    private HostAddress? CheckGateway(List<StackAddress> addresses)
    {
        if (Gateway is null)
            return null;

        HostAddress gateway = OptionCheck.Ipv4(Gateway, nameof(Gateway));
        if (!IsOnLink(gateway, addresses))
        {
            throw new ArgumentException(
                $"The gateway {Gateway} is in no subnet of Addresses: it must be a neighbour.", nameof(Gateway));
        }

        return gateway;
    }

    private HostAddress? CheckLoopbackAlias()
    {
        if (LoopbackAlias is null)
            return null;

        HostAddress alias = OptionCheck.Ipv4(LoopbackAlias, nameof(LoopbackAlias));
        if (alias.IsLoopback || alias.IsUnspecified || alias.IsMulticast || alias.IsReserved)
        {
            throw new ArgumentException(
                $"{LoopbackAlias} cannot stand for the loopback: it must be a host's address, such as the gateway's.",
                nameof(LoopbackAlias));
        }

        return alias;
    }

    private List<StackRoute> CheckRoutes(List<StackAddress> addresses)
    {
        var routes = new List<StackRoute>(Routes.Count);
        foreach (UserTcpRoute route in Routes)
        {
            if (route.NextHop is null || route.Destination.BaseAddress.AddressFamily != AddressFamily.InterNetwork)
                throw new ArgumentException($"The route to {route.Destination} must be IPv4.", nameof(Routes));

            OptionCheck.InRange(route.Metric, 0, int.MaxValue, nameof(Routes));
            HostAddress hop = OptionCheck.Ipv4(route.NextHop, nameof(Routes));
            if (!IsOnLink(hop, addresses))
            {
                throw new ArgumentException(
                    $"The next hop {route.NextHop} is in no subnet of the stack's addresses.", nameof(Routes));
            }

            HostAddress network = HostAddress.From(route.Destination.BaseAddress);
            routes.Add(new StackRoute(network, route.Destination.PrefixLength, hop, route.Metric));
        }

        return routes;
    }

    private static bool IsOnLink(HostAddress hop, List<StackAddress> addresses)
    {
        foreach (StackAddress address in addresses)
        {
            if (hop != address.Address && hop.SharesPrefixV4(address.Address, address.PrefixLength))
                return true;
        }

        return false;
    }
}
