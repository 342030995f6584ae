using UserTcp.Buffers;
using UserTcp.Ip;
using UserTcp.Links;
using UserTcp.Primitives;

namespace UserTcp.Stack;

/// <summary>An address of the stack and the length of its subnet's prefix in bits.</summary>
internal readonly record struct StackAddress(HostAddress Address, int PrefixLength);

/// <summary>Destinations that leave by another next hop than the gateway.</summary>
internal readonly record struct StackRoute(HostAddress Destination, int PrefixLength, HostAddress NextHop, int Metric);

/// <summary>Which checksums of received segments are verified.</summary>
internal enum ChecksumPolicy : byte
{
    /// <summary>
    /// All but those that the device vouches for; a pseudo-header sum passes where the link says it may occur, in flows
    /// whose sender has finished none.
    /// </summary>
    Auto,

    /// <summary>All, and all must be finished.</summary>
    Always,

    Never,
}

/// <summary>
/// The identity, limits and secrets of a stack. Validated by the options at the API; not changed afterwards.
/// </summary>
internal sealed record StackConfig
{
    /// <summary>Must offer transmit checksums and segmentation: plain devices get a decorator that does both.</summary>
    public required LinkInfo Link { get; init; }

    /// <summary>The MTU in bytes, at most the link's.</summary>
    public required int Mtu { get; init; }

    public required MacAddress MacAddress { get; init; }

    public required IReadOnlyList<StackAddress> Addresses { get; init; }

    public HostAddress? Gateway { get; init; }

    public IReadOnlyList<StackRoute> Routes { get; init; } = [];

    /// <summary>Keys tables, ports and initial sequence numbers; must come from a good random source.</summary>
    public required SipHash Secret { get; init; }

    /// <summary>The buffer memory of all connections, with its budget. Several shards have pools of it.</summary>
    public required ChunkPool Chunks { get; init; }

    public bool RespondToPing { get; init; } = true;

    /// <summary>RFC 5227. Off on layer-3 and point-to-point links whatever is said here.</summary>
    public bool DetectConflicts { get; init; } = true;

    public ChecksumPolicy Checksums { get; init; }

    public ushort FirstEphemeralPort { get; init; } = 32768;

    public ushort LastEphemeralPort { get; init; } = 65535;

    /// <summary>How many shards have the flows, from 1 to <see cref="Wire.Steering.MaxShards"/>.</summary>
    public int Shards { get; init; } = 1;

    public int MaxConnections { get; init; } = 262_144;

    public int MaxOrphans { get; init; } = 4_096;

    public int MaxHalfOpen { get; init; } = 16_384;

    /// <summary>At most <see cref="ushort.MaxValue"/> + 1.</summary>
    public int MaxTimeWait { get; init; } = 65_536;

    /// <summary>2MSL (RFC 9293 §3.6.1, MUST-13).</summary>
    public TimeSpan TimeWait { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Of the whole stack, on average, for segments without text (RFC 5961 §7).</summary>
    public int ChallengeAcksPerSecond { get; init; } = 1_000;

    /// <summary>Of one connection, for segments without text (RFC 5961 §7).</summary>
    public int ChallengeAcksPerConnection { get; init; } = 10;

    /// <summary>
    /// RSTs, and ICMP messages, to those with whom there is no connection: so many of each, on average.
    /// </summary>
    public int StrangerRepliesPerSecond { get; init; } = 2_000;

    public IpLimits Ip { get; init; } = IpLimits.Default;

    /// <summary>The bytes that one connection may send in one turn.</summary>
    public int OutputBudgetBytes { get; init; } = 256 << 10;
}
