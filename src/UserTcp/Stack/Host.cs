using UserTcp.Ip;
using UserTcp.Links;
using UserTcp.Primitives;
using UserTcp.Tcp;

namespace UserTcp.Stack;

/// <summary>
/// The identity of a stack: addresses, routes, neighbours, paths, listeners, ports, secrets, limits. A
/// <see cref="Shard"/> hands each of its parts what the part needs of it.
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
        Link = new LinkState(config.Link, config.MacAddress, config.Mtu);
        Routes = MakeRoutes(config);
        Neighbors = new NeighborTable(config.Ip);
        Arp = new ArpNeighbors(config.MacAddress, Routes, Neighbors);
        bool detects = config.DetectConflicts && Link.HasHeader
            && (config.Link.Features & LinkFeatures.PointToPoint) == 0;
        Defence = new AddressDefence(config.MacAddress, Routes.Addresses, detects, now, config.Ip);
        Paths = new PathMtu(config.Mtu, limits: config.Ip);
        TableKey = Derive(config.Secret, 1);
        NumberKey = Derive(config.Secret, 2);
        Ports = new PortAllocator(Derive(config.Secret, 3), config.FirstEphemeralPort, config.LastEphemeralPort);
        Cookies = new SynCookies(Derive(config.Secret, 4));
        ResetLimit = new RateLimit(config.StrangerRepliesPerSecond, Derive(config.Secret, 5));
        IcmpLimit = new RateLimit(config.StrangerRepliesPerSecond, Derive(config.Secret, 6));
        Challenges = new ChallengeBudget(
            new RateLimit(config.ChallengeAcksPerSecond, Derive(config.Secret, 7)),
            config.ChallengeAcksPerConnection);
    }

    public StackConfig Config { get; }

    /// <summary>The time at which the stack began.</summary>
    public Instant Start { get; }

    public LinkState Link { get; }

    public RoutingTable Routes { get; }

    public NeighborTable Neighbors { get; }

    public ArpNeighbors Arp { get; }

    public AddressDefence Defence { get; }

    public PathMtu Paths { get; }

    public ListenTable Listeners { get; } = new();

    public PortAllocator Ports { get; }

    /// <summary>Hashes flows for the tables.</summary>
    public SipHash TableKey { get; }

    /// <summary>Hashes flows for the numbers at which they begin.</summary>
    public SipHash NumberKey { get; }

    public SynCookies Cookies { get; }

    /// <summary>Limits the resets to those who have no connection.</summary>
    public RateLimit ResetLimit { get; }

    /// <summary>Limits ICMP messages.</summary>
    public RateLimit IcmpLimit { get; }

    /// <summary>The challenge ACKs of all connections, and what was sent of them.</summary>
    public ChallengeBudget Challenges { get; }

    /// <summary>The settings of a connection, with what only the host knows filled in.</summary>
    public TcpConfig Complete(TcpConfig config) => config with
    {
        ReceiveMss = Mss.Min(config.ReceiveMss, Mss.FromMtu(Link.Mtu, IpFamily.V4)),
        MaxGsoBytes = MaxGsoBytes,
        ChallengeBudget = Challenges,
    };

    /// <summary>The link takes packets of this size from now on.</summary>
    public void OnMtuChanged(int mtu)
    {
        Link.Mtu = mtu;
        Paths.LinkMtu = mtu;
        foreach (StackListener listener in Listeners.All)
        {
            listener.Config = Complete(listener.Config);
        }
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
