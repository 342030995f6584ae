using System.IO.Pipelines;
using System.Net;

namespace UserTcp;

/// <summary>
/// How one connection behaves. Validated and copied when a connection or a listener is made; later changes have no
/// effect. Not thread-safe.
/// </summary>
public sealed partial class UserTcpConnectionOptions
{
    /// <summary>
    /// The address and port to connect from; null,
    /// <see cref="IPAddress.Any"/> and port 0 leave the choice to the stack. Listeners have their own.
    /// </summary>
    public IPEndPoint? LocalEndPoint { get; set; }

    /// <summary>
    /// How long a connect may take; null leaves it to the cancellation token and to <see cref="SynTimeout"/>.
    /// </summary>
    public TimeSpan? ConnectTimeout { get; set; }

    /// <summary>
    /// Whether small segments leave at once (RFC 9293 §3.7.4, the Nagle algorithm off). Default: true.
    /// </summary>
    public bool NoDelay { get; set; } = true;

    /// <summary>
    /// The largest window that is offered to the peer, in bytes, from 2 KiB to 1 GiB. Default: 8 MiB. With
    /// <see cref="AutoTuneBuffers"/> it starts at 64 KiB and grows with what the application reads in a round trip.
    /// </summary>
    public int ReceiveBufferSize { get; set; } = 8 << 20;

    /// <summary>
    /// The most bytes written and not acknowledged from which on a flush waits, from 2 KiB to 1 GiB; it resumes at
    /// half. Default: 4 MiB. With <see cref="AutoTuneBuffers"/> it starts at 64 KiB and grows with the congestion
    /// window. When the stack's <see cref="UserTcpStackOptions.MaxBufferedBytes"/> are nearly used up, a few segments
    /// are enough to make a flush wait.
    /// </summary>
    public int SendBufferSize { get; set; } = 4 << 20;

    /// <summary>
    /// How many bytes a reader may have examined and not consumed, from 1 to 1 GiB; beyond it a read fails, because
    /// nothing else bounds that memory. Null: four times <see cref="ReceiveBufferSize"/>.
    /// </summary>
    public long? MaxHeldBytes { get; set; }

    /// <summary>
    /// The largest segment to ask the peer for, in bytes of text, from 48 to 65,495; null for what the link's MTU
    /// leaves.
    /// </summary>
    public int? MaxSegmentSize { get; set; }

    /// <summary>Whether windows above 64 KiB are offered (RFC 7323 §2).</summary>
    public bool WindowScaling { get; set; } = true;

    /// <summary>Whether selective acknowledgements are offered (RFC 2018).</summary>
    public bool SelectiveAcknowledgments { get; set; } = true;

    /// <summary>
    /// Whether timestamps are offered (RFC 7323 §3): better round-trip times, protection from old duplicates.
    /// </summary>
    public bool Timestamps { get; set; } = true;

    /// <summary>The congestion control algorithm. Default: <see cref="CongestionControl.Cubic"/>.</summary>
    public CongestionControl CongestionControl { get; set; } = CongestionControl.Cubic;

    /// <summary>How losses are found and mended.</summary>
    public UserTcpLossRecoveryOptions LossRecovery { get; set; } = new();

    /// <summary>
    /// Whether the segments of a window are spread over the round trip. Below a round trip of 1 ms they are not, unless
    /// the controller names a rate.
    /// </summary>
    public bool Pacing { get; set; } = true;

    /// <summary>Whether a pause makes the congestion window fall back (RFC 5681 §4.1).</summary>
    public bool SlowStartAfterIdle { get; set; } = true;

    /// <summary>
    /// Explicit congestion notification (RFC 3168). Default: used when the peer asks for it.
    /// </summary>
    public UserTcpEcnMode Ecn { get; set; } = UserTcpEcnMode.Passive;

    /// <summary>
    /// Whether buffers start at 64 KiB and grow with what the connection carries, up to
    /// <see cref="ReceiveBufferSize"/> and <see cref="SendBufferSize"/>; else they have those sizes from the start.
    /// </summary>
    public bool AutoTuneBuffers { get; set; } = true;

    /// <summary>
    /// Whether smaller segments are tried when full ones vanish without an ICMP message (RFC 4821, RFC 8899).
    /// </summary>
    public bool BlackHoleDetection { get; set; } = true;

    /// <summary>The initial congestion window, in segments, from 1 to 10 (RFC 6928). Default: 10.</summary>
    public int InitialWindowSegments { get; set; } = 10;

    /// <summary>
    /// The retransmission timeout before a round trip was measured, from 100 ms to 60 s. Default: 1 s (RFC 6298 §2.1).
    /// </summary>
    public TimeSpan InitialRetransmitTimeout { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// The shortest retransmission timeout, from 1 ms to 60 s. Default: 200 ms (RFC 6298 §2.4 names 1 s).
    /// </summary>
    public TimeSpan MinRetransmitTimeout { get; set; } = TimeSpan.FromMilliseconds(200);

    /// <summary>The longest retransmission timeout, from 1 s to 1 h. Default: 120 s (RFC 6298 §2.5).</summary>
    public TimeSpan MaxRetransmitTimeout { get; set; } = TimeSpan.FromSeconds(120);

    /// <summary>
    /// R2 of RFC 9293 §3.8.3 for data: retransmissions of one segment after which the connection ends, from 1 to 255.
    /// Unanswered probes of a closed window count as retransmissions. A peer that answers them may keep its window
    /// closed forever. Default: 15, about a quarter of an hour.
    /// </summary>
    public int RetransmitLimit { get; set; } = 15;

    /// <summary>
    /// R1 of RFC 9293 §3.8.3: retransmissions of one segment after which the next hop is resolved anew, from 1 to 255.
    /// Default: 3.
    /// </summary>
    public int RetransmitAdviceThreshold { get; set; } = 3;

    /// <summary>
    /// How often a SYN-ACK is sent again before the handshake is forgotten, from 0 to 255. Default: 5.
    /// </summary>
    public int SynAckRetryLimit { get; set; } = 5;

    /// <summary>
    /// The longest time between probes of a closed window, from 1 s to 1 h (RFC 9293 §3.8.6.1; they go on without end).
    /// Default: 60 s.
    /// </summary>
    public TimeSpan MaxPersistInterval { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>R2 of RFC 9293 §3.8.3 for SYN: how long a connect is tried, from 1 s to 1 h. Default: 180 s.</summary>
    public TimeSpan SynTimeout { get; set; } = TimeSpan.FromSeconds(180);

    /// <summary>
    /// How long an acknowledgement may wait for company, from 0 to 499 ms (RFC 9293 §3.8.6.3). Default: 40 ms.
    /// </summary>
    public TimeSpan DelayedAckTimeout { get; set; } = TimeSpan.FromMilliseconds(40);

    /// <summary>
    /// How long a connection that was disposed of may wait for its peer (FIN-WAIT-2, a closed window), from 1 s to 1 h.
    /// Default: 60 s.
    /// </summary>
    public TimeSpan OrphanTimeout { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>
    /// How long bytes may stay unacknowledged before the connection ends (RFC 9293 §3.9.1.2); null for no limit but
    /// <see cref="RetransmitLimit"/>.
    /// </summary>
    public TimeSpan? UserTimeout { get; set; }

    /// <summary>Probing of the idle connection; null for none.</summary>
    public UserTcpKeepAliveOptions? KeepAlive { get; set; }

    /// <summary>
    /// What
    /// <see cref="UserTcpConnection.DisposeAsync"/> does with queued bytes: null sends them in the background, zero
    /// resets the connection, more waits so long for them to be acknowledged and then resets.
    /// </summary>
    public TimeSpan? LingerTimeout { get; set; }

    /// <summary>The differentiated services field of packets (RFC 2474); the two ECN bits are ignored.</summary>
    public byte TrafficClass { get; set; }

    /// <summary>The time to live of packets, from 1. Default: 64.</summary>
    public byte TimeToLive { get; set; } = 64;

    /// <summary>
    /// Where code that awaits this connection's pipes resumes; null for
    /// <see cref="UserTcpStackOptions.ApplicationScheduler"/>, which explains <see cref="PipeScheduler.Inline"/>.
    /// </summary>
    public PipeScheduler? ApplicationScheduler { get; set; }

    /// <summary>Makes an independent copy.</summary>
    /// <returns>Options with the same values.</returns>
    public UserTcpConnectionOptions Clone()
    {
        var copy = (UserTcpConnectionOptions)MemberwiseClone();
        copy.LocalEndPoint = LocalEndPoint is null ? null : new IPEndPoint(LocalEndPoint.Address, LocalEndPoint.Port);
        return copy;
    }
}
