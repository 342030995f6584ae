using UserTcp.Diagnostics;
using UserTcp.Links;

namespace UserTcp;

/// <summary>
/// The counters of a stack since it started, of all its shards together. Names follow
/// <see cref="System.Net.NetworkInformation.TcpStatistics"/> where there is a twin, the MIB objects of RFC 4022 stand
/// beside them.
/// </summary>
public sealed record UserTcpStackStatistics
{
    /// <summary>Connects begun (<c>tcpActiveOpens</c>).</summary>
    public long ConnectionsInitiated { get; init; }

    /// <summary>Handshakes begun by peers (<c>tcpPassiveOpens</c>).</summary>
    public long ConnectionsAccepted { get; init; }

    /// <summary>Handshakes that failed, either side's (<c>tcpAttemptFails</c>).</summary>
    public long FailedConnectionAttempts { get; init; }

    /// <summary>Established connections that a RST ended (<c>tcpEstabResets</c>).</summary>
    public long ResetConnections { get; init; }

    /// <summary>
    /// Connections now, handshakes of peers and TIME-WAIT not counted (<c>tcpCurrEstab</c> and more).
    /// </summary>
    public int CurrentConnections { get; init; }

    /// <summary>Flows in TIME-WAIT now.</summary>
    public int TimeWaitConnections { get; init; }

    /// <summary>TCP segments received, faulty ones included (<c>tcpInSegs</c>).</summary>
    public long SegmentsReceived { get; init; }

    /// <summary>TCP segments sent, those sent again not counted (<c>tcpOutSegs</c>).</summary>
    public long SegmentsSent { get; init; }

    /// <summary>TCP segments with text that was sent before (<c>tcpRetransSegs</c>).</summary>
    public long SegmentsResent { get; init; }

    /// <summary>RST segments sent (<c>tcpOutRsts</c>).</summary>
    public long ResetsSent { get; init; }

    /// <summary>
    /// Segments for closed ports that got no RST, beyond <see cref="UserTcpStackOptions.MaxStrangerRepliesPerSecond"/>.
    /// </summary>
    public long ResetsWithheld { get; init; }

    /// <summary>
    /// ICMP messages not sent, beyond <see cref="UserTcpStackOptions.MaxStrangerRepliesPerSecond"/>.
    /// </summary>
    public long IcmpWithheld { get; init; }

    /// <summary>
    /// Challenge acknowledgements sent, and acknowledgements of unacceptable segments without text (RFC 5961 §7).
    /// </summary>
    public long ChallengeAcksSent { get; init; }

    /// <summary>
    /// The same not sent, beyond <see cref="UserTcpStackOptions.MaxChallengeAcksPerSecond"/> or
    /// <see cref="UserTcpStackOptions.MaxChallengeAcksPerConnection"/>.
    /// </summary>
    public long ChallengeAcksWithheld { get; init; }

    /// <summary>
    /// Connections given up because the peer shut its window and then answered none of
    /// <see cref="UserTcpConnectionOptions.RetransmitLimit"/> probes.
    /// </summary>
    public long WindowProbeTimeouts { get; init; }

    /// <summary>TCP segments received that were malformed or had a wrong checksum (<c>tcpInErrs</c>).</summary>
    public long ErrorsReceived { get; init; }

    /// <summary>Frames received from the link.</summary>
    public long FramesReceived { get; init; }

    /// <summary>Frames that the link accepted.</summary>
    public long FramesSent { get; init; }

    /// <summary>Bytes of the frames received, link headers included.</summary>
    public long BytesReceived { get; init; }

    /// <summary>Bytes of the frames sent, link headers included.</summary>
    public long BytesSent { get; init; }

    /// <summary>
    /// Frames that arrived at one shard and belonged to another (<see cref="UserTcpStackOptions.Shards"/>). Copying
    /// them costs time: many show a link that cannot spread flows over its queues.
    /// </summary>
    public long FramesHandedOver { get; init; }

    /// <summary>How often the link was full and frames had to wait.</summary>
    public long LinkSendBackpressure { get; init; }

    /// <summary>
    /// Bytes in buffers now, all connections together; with several shards within a 64th of
    /// <see cref="UserTcpStackOptions.MaxBufferedBytes"/>.
    /// </summary>
    public long BytesBuffered { get; init; }

    /// <summary>
    /// Of these, bytes of single writes beyond the send buffers of their connections:
    /// <see cref="UserTcpStackOptions.MaxBufferedBytes"/> does not bound them.
    /// </summary>
    public long BytesOverdrawn { get; init; }

    /// <summary>Frames that were not shown to taps, because more than 16 MiB came at once.</summary>
    public long TapFramesMissed { get; init; }

    /// <summary>Frames that the link itself dropped.</summary>
    public LinkStatistics Link { get; init; }

    /// <summary>Packets dropped, by reason; reasons that never occurred are left out.</summary>
    public IReadOnlyDictionary<PacketDropReason, long> Drops { get; init; } = new Dictionary<PacketDropReason, long>();
}
