using UserTcp.Ip;
using UserTcp.Primitives;

namespace UserTcp;

/// <content>The times and bounds below TCP, which seldom need a change.</content>
public sealed partial class UserTcpStackOptions
{
    private static readonly TimeSpan s_second = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_hour = TimeSpan.FromHours(1);

    /// <summary>
    /// The time between ARP requests for one address, from 100 ms to 1 min. Default: 1 s (RFC 1122 §2.3.2.1).
    /// </summary>
    public TimeSpan NeighborRequestInterval { get; set; } = IpLimits.Default.ArpInterval;

    /// <summary>
    /// ARP requests without an answer after which a neighbour counts as unreachable, from 1 to 255. Default: 3.
    /// </summary>
    public int NeighborRequestLimit { get; set; } = IpLimits.Default.ArpTries;

    /// <summary>
    /// How long a neighbour's MAC address is trusted before the neighbour is asked again, from 1 s to 1 h. Default:
    /// 60 s.
    /// </summary>
    public TimeSpan NeighborFreshTime { get; set; } = IpLimits.Default.NeighborFreshTime;

    /// <summary>
    /// Entries of the ARP table, from 1 to 65,536; the least used make room. Hosts that have not answered yet take 7/8
    /// at most: beyond it a connect fails with <see cref="System.Net.Sockets.SocketError.NoBufferSpaceAvailable"/>, and
    /// packets are dropped as <see cref="Diagnostics.PacketDropReason.NeighborTableFull"/>. Default: 1,024.
    /// </summary>
    public int MaxNeighbors { get; set; } = IpLimits.Default.MaxNeighbors;

    /// <summary>
    /// How often an address is asked for before it is used, from 1 to 10 (RFC 5227 §2.1.1). Default: 3.
    /// </summary>
    public int AddressProbes { get; set; } = IpLimits.Default.Probes;

    /// <summary>
    /// The time between these probes, and after the last, from 10 ms to 10 s. Default: 200 ms (RFC 5227 §1.1 has 1 to
    /// 2 s).
    /// </summary>
    public TimeSpan AddressProbeInterval { get; set; } = IpLimits.Default.ProbeInterval;

    /// <summary>
    /// How often an address is announced once it is ours, from 1 to 10 (RFC 5227 §2.3). Default: 2.
    /// </summary>
    public int AddressAnnouncements { get; set; } = IpLimits.Default.Announcements;

    /// <summary>
    /// The least time between two announcements against a station that uses our address, from 1 s to 1 h (RFC 5227 §2.4
    /// c). Default: 10 s.
    /// </summary>
    public TimeSpan AddressDefenceInterval { get; set; } = IpLimits.Default.DefendInterval;

    /// <summary>
    /// How long fragments wait for the rest of their packet, from 1 s to 2 min. Default: 30 s (RFC 1122 §3.3.2 has 60
    /// to 120 s).
    /// </summary>
    public TimeSpan ReassemblyTimeout { get; set; } = IpLimits.Default.ReassemblyTimeout;

    /// <summary>Packets that wait for fragments, from 1 to 65,536; the oldest makes room. Default: 64.</summary>
    public int MaxReassemblies { get; set; } = IpLimits.Default.MaxReassemblies;

    /// <summary>Bytes of fragments that wait, from 256 KiB to 1 GiB; the oldest make room. Default: 4 MiB.</summary>
    public int MaxReassemblyBytes { get; set; } = IpLimits.Default.MaxReassemblyBytes;

    /// <summary>
    /// How long a router's report of a narrow path is believed, from 5 min to 24 days (RFC 1191 §6.3). Default: 10 min.
    /// </summary>
    public TimeSpan PathMtuLifetime { get; set; } = IpLimits.Default.PathMtuLifetime;

    /// <summary>
    /// The smallest path MTU that is accepted from ICMP messages, in bytes, from 68 to 1,500. Default: 552.
    /// </summary>
    public int MinPathMtu { get; set; } = IpLimits.Default.PathMtuFloor;

    /// <summary>
    /// The limit of challenge acknowledgments, and of acknowledgments for unacceptable segments without text, per
    /// second for all connections together, from 1 to 1,000,000 (RFC 5961 §7). It is an average: the limit of each
    /// second is drawn at random, from half to one and a half times of it. So a peer cannot conclude from its own
    /// answers how many others got (CVE-2016-5696). Segments with text are always acknowledged. Default: 1,000.
    /// </summary>
    public int MaxChallengeAcksPerSecond { get; set; } = 1_000;

    /// <summary>
    /// The same limit for one connection, from 1 to 1,000,000 per second. So one peer cannot use up the limit of all.
    /// A connection in TIME-WAIT gets at most four. Default: 10.
    /// </summary>
    public int MaxChallengeAcksPerConnection { get; set; } = 10;

    /// <summary>
    /// The limit of resets to hosts without a connection, and of ICMP messages, per second for each of the two, from 1
    /// to 1,000,000. It is an average, as <see cref="MaxChallengeAcksPerSecond"/>. Default: 2,000.
    /// </summary>
    public int MaxStrangerRepliesPerSecond { get; set; } = 2_000;

    private IpLimits CheckIpLimits()
    {
        CheckNeighborLimits();
        CheckPacketLimits();
        return new IpLimits
        {
            ArpInterval = NeighborRequestInterval,
            ArpTries = NeighborRequestLimit,
            NeighborFreshTime = NeighborFreshTime,
            MaxNeighbors = MaxNeighbors,
            Probes = AddressProbes,
            ProbeInterval = AddressProbeInterval,
            Announcements = AddressAnnouncements,
            DefendInterval = AddressDefenceInterval,
            ReassemblyTimeout = ReassemblyTimeout,
            MaxReassemblies = MaxReassemblies,
            MaxReassemblyBytes = MaxReassemblyBytes,
            PathMtuLifetime = PathMtuLifetime,
            PathMtuFloor = MinPathMtu,
        };
    }

    private void CheckNeighborLimits()
    {
        TimeSpan tenSeconds = TimeSpan.FromSeconds(10);
        OptionCheck.InRange(
            NeighborRequestInterval, TimeSpan.FromMilliseconds(100), TimeSpan.FromMinutes(1),
            nameof(NeighborRequestInterval));
        OptionCheck.InRange(NeighborRequestLimit, 1, 255, nameof(NeighborRequestLimit));
        OptionCheck.InRange(NeighborFreshTime, s_second, s_hour, nameof(NeighborFreshTime));
        OptionCheck.InRange(MaxNeighbors, 1, 1 << 16, nameof(MaxNeighbors));
        OptionCheck.InRange(AddressProbes, 1, 10, nameof(AddressProbes));
        OptionCheck.InRange(
            AddressProbeInterval, TimeSpan.FromMilliseconds(10), tenSeconds, nameof(AddressProbeInterval));
        OptionCheck.InRange(AddressAnnouncements, 1, 10, nameof(AddressAnnouncements));
        OptionCheck.InRange(AddressDefenceInterval, s_second, s_hour, nameof(AddressDefenceInterval));
    }

    private void CheckPacketLimits()
    {
        OptionCheck.InRange(ReassemblyTimeout, s_second, TimeSpan.FromMinutes(2), nameof(ReassemblyTimeout));
        OptionCheck.InRange(MaxReassemblies, 1, 1 << 16, nameof(MaxReassemblies));
        OptionCheck.InRange(MaxReassemblyBytes, 256 << 10, 1 << 30, nameof(MaxReassemblyBytes));
        // RFC 1191 §3: a larger size may not be tried within five minutes of a report.
        OptionCheck.InRange(PathMtuLifetime, TimeSpan.FromMinutes(5), OptionCheck.LongTime, nameof(PathMtuLifetime));
        OptionCheck.InRange(MinPathMtu, IpFamily.V4.MinMtu, 1500, nameof(MinPathMtu));
        OptionCheck.InRange(MaxChallengeAcksPerSecond, 1, 1_000_000, nameof(MaxChallengeAcksPerSecond));
        OptionCheck.InRange(MaxChallengeAcksPerConnection, 1, 1_000_000, nameof(MaxChallengeAcksPerConnection));
        OptionCheck.InRange(MaxStrangerRepliesPerSecond, 1, 1_000_000, nameof(MaxStrangerRepliesPerSecond));
    }
}
