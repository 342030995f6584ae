namespace UserTcp.Ip;

/// <summary>The times and bounds of ARP, reassembly and path MTU. Validated by the options at the API.</summary>
internal sealed record IpLimits
{
    public static IpLimits Default { get; } = new();

    /// <summary>RFC 1122 §2.3.2.1: not more often than once a second for one host.</summary>
    public TimeSpan ArpInterval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Requests without an answer after which a host counts as unreachable.</summary>
    public int ArpTries { get; init; } = 3;

    /// <summary>How long an entry is used without being probed.</summary>
    public TimeSpan NeighborFreshTime { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>DELAY_FIRST_PROBE_TIME (RFC 4861 §10), of IPv6 alone.</summary>
    public TimeSpan NeighborDelay { get; init; } = TimeSpan.FromSeconds(5);

    public int MaxNeighbors { get; init; } = 1024;

    /// <summary>RFC 5227 §2.1.1, PROBE_NUM.</summary>
    public int Probes { get; init; } = 3;

    /// <summary>
    /// Between probes, and after the last. Deviation from RFC 5227 §1.1, 1 to 2 s: opening is to take 0.6 s.
    /// </summary>
    public TimeSpan ProbeInterval { get; init; } = TimeSpan.FromMilliseconds(200);

    /// <summary>RFC 5227 §1.1, ANNOUNCE_NUM.</summary>
    public int Announcements { get; init; } = 2;

    /// <summary>RFC 5227 §1.1, DEFEND_INTERVAL.</summary>
    public TimeSpan DefendInterval { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>RFC 1122 §3.3.2 wants 60 to 120 s. Deviation: 30 s as Linux, for memory's sake.</summary>
    public TimeSpan ReassemblyTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Incomplete datagrams at once.</summary>
    public int MaxReassemblies { get; init; } = 64;

    public int MaxReassemblyBytes { get; init; } = 4 << 20;

    /// <summary>RFC 1191 §6.3.</summary>
    public TimeSpan PathMtuLifetime { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>
    /// No report takes an estimate below this: a forged one would make every packet tiny. Deviation from the 68 of
    /// RFC 1191 §3, as Linux.
    /// </summary>
    public int PathMtuFloor { get; init; } = 552;
}
