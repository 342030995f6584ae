using System.Diagnostics.Metrics;
using System.IO.Pipelines;
using System.Net;
using Microsoft.Extensions.Logging;
using UserTcp.Diagnostics;
using UserTcp.Links;
using UserTcp.Runtime;

namespace UserTcp;

/// <summary>
/// The identity, the link and the limits of a <see cref="UserTcpStack"/>. Validated and copied when the stack is made;
/// later changes have no effect. Not thread-safe.
/// </summary>
public sealed partial class UserTcpStackOptions
{
    /// <summary>The device under the stack, open. Either this or <see cref="LinkName"/>.</summary>
    public LinkDevice? Link { get; set; }

    /// <summary>
    /// The device to open, by its <see cref="LinkNames">name</see>: <c>eth0</c> for the best link to it that there is,
    /// <c>packet:eth0</c>, <c>pcap:eth0</c> or <c>tap:tap0</c> for a certain one. Either this or <see cref="Link"/>.
    /// </summary>
    public string? LinkName { get; set; }

    /// <summary>Whether <see cref="Link"/> outlives the stack. False: the stack disposes of it.</summary>
    public bool LeaveLinkOpen { get; set; }

    /// <summary>The stack's name in logs and metrics. Default: the link's name.</summary>
    public string? Name { get; set; }

    /// <summary>
    /// The stack's address on the link. By default a locally administered one, the same for the same link and first
    /// address each time, so that neighbours need not learn it again.
    /// </summary>
    public MacAddress? MacAddress { get; set; }

    /// <summary>The stack's IP addresses; at least one. The first one is preferred.</summary>
    public IList<UserTcpAddress> Addresses { get; } = [];

    /// <summary>
    /// The router for what is not on the link; null for none. Must lie in a subnet of <see cref="Addresses"/>.
    /// </summary>
    public IPAddress? Gateway { get; set; }

    /// <summary>
    /// The address that stands for this machine's loopback: connects and pings to 127.0.0.0/8 or ::1, which is where
    /// <c>localhost</c> leads, go there, and errors name the address that was asked for. <c>EmbeddedGateway</c> of the
    /// package UserTcp.Gateway sets it where its <c>AllowLoopback</c> is on. Null, the default: they are refused.
    /// </summary>
    public IPAddress? LoopbackAlias { get; set; }

    /// <summary>Routes beside the subnets of <see cref="Addresses"/> and <see cref="Gateway"/>.</summary>
    public IList<UserTcpRoute> Routes { get; } = [];

    /// <summary>The largest IP packet to send, in bytes, from 576 to the link's own MTU; null for the link's.</summary>
    public int? Mtu { get; set; }

    /// <summary>
    /// Whether addresses are probed before they are used (RFC 5227), which takes 0.6 s on Ethernet links that others
    /// may be on. A conflict fails <see cref="UserTcpStack.StartAsync"/>.
    /// </summary>
    public bool DetectAddressConflicts { get; set; } = true;

    /// <summary>The ports of connections that name none. Default: 32768 to 65535, chosen by RFC 6056 §3.3.3.</summary>
    public UserTcpPortRange EphemeralPorts { get; set; } = new(32768, 65535);

    /// <summary>The options of connections that are given none of their own.</summary>
    public UserTcpConnectionOptions ConnectionDefaults { get; set; } = new();

    /// <summary>
    /// How many threads share the stack's connections, from 1 to 64. Each shard has some of the flows, and its own
    /// queue of the link where that has several: packet sockets, TAP interfaces with several queues, links in memory.
    /// With other links the first shard receives for all. Application code is not bound to a shard. Default: 1.
    /// </summary>
    public int Shards { get; set; } = 1;

    /// <summary>
    /// Connections at once, from 1 to 16,777,216; beyond it connects fail and SYNs are dropped. Default: 262,144.
    /// </summary>
    public int MaxConnections { get; set; } = 262_144;

    /// <summary>
    /// Handshakes of peers under way at once, all listeners together, from 1 to 1,048,576; more SYNs are dropped.
    /// Default: 16,384.
    /// </summary>
    public int MaxHalfOpenConnections { get; set; } = 16_384;

    /// <summary>
    /// Connections that were disposed of and still wait for their peers, from 1 to 1,048,576; beyond it the oldest is
    /// reset. Default: 4,096.
    /// </summary>
    public int MaxOrphanedConnections { get; set; } = 4_096;

    /// <summary>Flows in TIME-WAIT, from 1 to 65,536; beyond it the oldest is forgotten. Default: 65,536.</summary>
    public int MaxTimeWaitConnections { get; set; } = 65_536;

    /// <summary>
    /// Bytes in buffers, all connections together, at least 1 MiB. Near it windows stop growing, then data out of
    /// order is dropped. Default: 256 MiB.
    /// </summary>
    /// <remarks>
    /// The budget does not bound a single write: the pipe takes all of it, and the flush waits. The part beyond the
    /// connection's send buffer is charged to that connection only, so that the windows of others stay open. For 400
    /// readers of an answer of 8 MiB, write in pieces and await each flush:
    /// <see cref="UserTcpStackStatistics.BytesOverdrawn"/> shows what is held in excess.
    /// </remarks>
    public long MaxBufferedBytes { get; set; } = 256L << 20;

    /// <summary>
    /// How long
    /// <see cref="UserTcpStack.DisposeAsync"/> waits for queued bytes to be acknowledged before it resets what is
    /// left, from 0 to 10 minutes. Default: 5 s.
    /// </summary>
    public TimeSpan ShutdownTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// 2MSL (RFC 9293 §3.6.1), from 0 to 10 minutes: how long the side that closed first keeps its port from reuse.
    /// Default: 60 s.
    /// </summary>
    public TimeSpan TimeWaitDuration { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>Which received checksums are looked at.</summary>
    public UserTcpChecksumValidation ChecksumValidation { get; set; } = UserTcpChecksumValidation.Auto;

    /// <summary>Whether ICMP echo requests are answered (RFC 1122 §3.2.2.6).</summary>
    public bool RespondToPing { get; set; } = true;

    /// <summary>
    /// How long the stack's thread looks for work before it sleeps, from 0 to 1 ms. A longer time costs processor time
    /// and saves latency; it is not used where there is only one processor. Default: 50 µs.
    /// </summary>
    public TimeSpan SpinTime { get; set; } = TimeSpan.FromMicroseconds(50);

    /// <summary>
    /// The clock that protocol time follows. Only its timestamps are used; waits for the link are the system's.
    /// </summary>
    public TimeProvider TimeProvider { get; set; } = TimeProvider.System;

    /// <summary>Where logs go; null for nowhere.</summary>
    public ILoggerFactory? LoggerFactory { get; set; }

    /// <summary>Makes the meter <see cref="UserTcpTelemetry.MeterName"/>; null: stacks share one meter.</summary>
    public IMeterFactory? MeterFactory { get; set; }

    /// <summary>Taps that see every frame from the first. <see cref="UserTcpStack.AddTap"/> adds more later.</summary>
    public IList<IPacketTap> Taps { get; } = [];

    /// <summary>
    /// Where awaiting readers and writers resume. Default: the thread pool. <see cref="PipeScheduler.Inline"/> resumes
    /// those that the network woke on the stack's own thread, which saves a hand-over; code that resumes there must not
    /// block, and what it writes is sent once it, and those woken with it, have returned.
    /// </summary>
    public PipeScheduler ApplicationScheduler { get; set; } = PipeScheduler.ThreadPool;

    /// <summary>
    /// Fixes sequence numbers, ports and hash keys, so that a simulation repeats. Do not set it on a real
    /// network: an attacker who knows the seed can forge segments. Null for the system's random numbers.
    /// </summary>
    public int? DeterministicSeed { get; set; }

    /// <summary>Turns the stack in place of its own thread.</summary>
    internal IStackDriver? Driver { get; set; }
}
