using UserTcp.Ip;
using UserTcp.Links;
using UserTcp.Primitives;
using UserTcp.Tcp;
using UserTcp.Wire;

namespace UserTcp.Stack;

/// <summary>How many there are in all shards of a host.</summary>
internal sealed class HostCounts
{
    public SharedCount Connections { get; } = new();

    public SharedCount HalfOpen { get; } = new();

    public SharedCount Orphans { get; } = new();

    /// <summary>Connections whose local address is not ours.</summary>
    public SharedCount Foreign { get; } = new();
}

/// <summary>
/// The identity of a stack: addresses, routes, secrets, limits. All shards have the same one, so nothing here changes
/// but counts and rates, which are thread-safe. A <see cref="Shard"/> hands each of its parts what the part needs.
/// </summary>
internal sealed class Host
{
    /// <summary>Most of what a super-segment may carry: 44 segments of 1460 bytes.</summary>
    public const int MaxGsoBytes = 44 * 1460;

    private const LinkFeatures NeededFeatures = LinkFeatures.TransmitChecksum | LinkFeatures.TransmitSegmentation;

    /// <exception cref="ArgumentException">The link lacks transmit checksums or segmentation.</exception>
    public Host(StackConfig config, Instant now)
    {
        if ((config.Link.Features & NeededFeatures) != NeededFeatures)
            throw new ArgumentException(
                "The link must finish checksums and cut segments: decorate it.", nameof(config));

        Config = config;
        Start = now;
        Routes = MakeRoutes(config);
        TableKey = Derive(config.Secret, 1);
        NumberKey = Derive(config.Secret, 2);
        PortKey = Derive(config.Secret, 3);
        Cookies = new SynCookies(Derive(config.Secret, 4));
        ResetLimit = new RateLimit(config.StrangerRepliesPerSecond, Derive(config.Secret, 5));
        IcmpLimit = new RateLimit(config.StrangerRepliesPerSecond, Derive(config.Secret, 6));
        ChallengeLimit = new RateLimit(config.ChallengeAcksPerSecond, Derive(config.Secret, 7));
        Steering = new Steering(config.Shards, (uint)Derive(config.Secret, 8).Hash(0));
    }

    public StackConfig Config { get; }

    /// <summary>The time at which the stack began.</summary>
    public Instant Start { get; }

    public RoutingTable Routes { get; }

    /// <summary>Hashes flows for the tables.</summary>
    public SipHash TableKey { get; }

    /// <summary>Hashes flows for the numbers at which they begin.</summary>
    public SipHash NumberKey { get; }

    /// <summary>Hashes destinations for the ports towards them.</summary>
    public SipHash PortKey { get; }

    public SynCookies Cookies { get; }

    /// <summary>Limits the resets to those who have no connection.</summary>
    public RateLimit ResetLimit { get; }

    /// <summary>Limits ICMP messages.</summary>
    public RateLimit IcmpLimit { get; }

    /// <summary>Limits the challenge ACKs of all connections.</summary>
    public RateLimit ChallengeLimit { get; }

    /// <summary>Says which shard has a flow.</summary>
    public Steering Steering { get; }

    public HostCounts Counts { get; } = new();

    /// <summary>
    /// The shard that must open a flow whose local port is given; null if any may choose a port of its own.
    /// </summary>
    public int? ShardFor(in ConnectCall call)
    {
        if (call.LocalPort == 0 || Steering.Count == 1)
            return Steering.Count == 1 ? 0 : null;

        Routes.TryResolve(call.Remote, out NextHop hop);
        HostAddress local = call.Local ?? hop.Source;
        return Steering.ShardOf(new FlowKey(local, call.LocalPort, call.Remote, call.RemotePort));
    }

    // The tables, the sequence numbers and the ports must tell nothing of one another.
    private static SipHash Derive(in SipHash secret, ulong domain) =>
        new(secret.Hash(domain, 1), secret.Hash(domain, 2));

    private static RoutingTable MakeRoutes(StackConfig config)
    {
        var addresses = new LocalAddress[config.Addresses.Count];
        for (int i = 0; i < addresses.Length; i++)
        {
            addresses[i] = new LocalAddress(config.Addresses[i].Address, config.Addresses[i].PrefixLength);
        }

        var byMetric = new List<StackRoute>(config.Routes);
        byMetric.Sort(static (a, b) => a.Metric.CompareTo(b.Metric));
        var routes = new Route[byMetric.Count];
        for (int i = 0; i < routes.Length; i++)
        {
            routes[i] = new Route(byMetric[i].Destination, byMetric[i].PrefixLength, byMetric[i].NextHop);
        }

        return new RoutingTable(addresses, config.Gateway, routes, config.Link.Medium == LinkMedium.Ip);
    }
}
