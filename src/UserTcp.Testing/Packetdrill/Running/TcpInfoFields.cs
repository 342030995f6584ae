using UserTcp.Tcp;

namespace UserTcp.Testing.Packetdrill.Running;

/// <summary>The fields of <c>tcp_info</c>, by what the stack says of a connection.</summary>
internal sealed class TcpInfoFields(TcbReport report, PacketdrillProfile system)
{
    // How far Linux thinks a path to reorder before it has seen it do so, in segments (RFC 5681 §3.2).
    private const long FirstReordering = 3;

    private readonly long _mss = Math.Max(1, report.SendSegmentSize);

    /// <summary>Null for a field that is not known here.</summary>
    public double? Value(string name) => Agreed(name) ?? Counted(name) ?? InSegments(name) ?? InTime(name);

    private long? Agreed(string name) => name switch
    {
        "tcpi_state" => LinuxState(report.State),
        "tcpi_ca_state" => (long)report.Recovery,
        "tcpi_options" => Options(),
        "tcpi_snd_mss" => report.SendSegmentSize,
        "tcpi_rcv_mss" => report.ReceiveSegmentSize,
        "tcpi_advmss" => report.AnnouncedSegmentSize,
        "tcpi_pmtu" => report.PathMtu,
        "tcpi_snd_wscale" => report.SendScale,
        "tcpi_rcv_wscale" => report.ReceiveScale,
        "tcpi_snd_wnd" => report.PeerWindow,
        "tcpi_rcv_wnd" => report.ReceiveWindow,
        _ => null,
    };

    private long? Counted(string name) => name switch
    {
        "tcpi_bytes_acked" => report.Counters.BytesAcked,
        "tcpi_bytes_received" => report.Counters.BytesReceived,
        "tcpi_bytes_sent" => report.Counters.BytesSent,
        "tcpi_bytes_retrans" => report.Counters.BytesRetransmitted,
        "tcpi_segs_out" => report.Counters.SegmentsSent,
        "tcpi_segs_in" => report.Counters.SegmentsReceived,
        "tcpi_total_retrans" or "tcpi_snd_rexmitpack" => report.Counters.Retransmits,
        "tcpi_snd_zerowin" => report.Counters.ZeroWindows,
        "tcpi_rcv_ooopack" => report.OutOfOrderSegments,
        "tcpi_retransmits" => report.Retransmissions,
        "tcpi_backoff" => report.Backoff,
        "tcpi_probes" => report.PersistProbes,
        "tcpi_notsent_bytes" => report.BytesQueued,
        "tcpi_pacing_rate" => (long)report.PacingRate,
        "tcpi_delivery_rate" => (long)report.DeliveryRate,
        "tcpi_delivery_rate_app_limited" => report.IsDeliveryRateAppLimited ? 1 : 0,
        _ => null,
    };

    private long? InSegments(string name) => name switch
    {
        "tcpi_snd_cwnd" => IsInBytes ? report.CongestionWindow : Math.Max(1, report.CongestionWindow / _mss),
        "tcpi_snd_ssthresh" => Math.Min(int.MaxValue, report.SlowStartThreshold / (IsInBytes ? 1 : _mss)),
        "tcpi_unacked" => Segments(report.BytesOutstanding),
        "tcpi_sacked" => Segments(report.BytesSacked),
        "tcpi_lost" => Segments(report.BytesLost + report.BytesRetransmitted),
        "tcpi_retrans" => Segments(report.BytesRetransmitted),
        "tcpi_delivered" => Segments(report.Delivered),
        "tcpi_reordering" => Math.Max(FirstReordering, Segments(report.ReorderingExtent) + 1),
        "tcpi_reord_seen" => report.ReorderingSeen ? 1 : 0,
        _ => null,
    };

    private double? InTime(string name) => name switch
    {
        "tcpi_rtt" => report.Rtt.Smoothed.TotalMicroseconds,
        "tcpi_rttvar" => report.Rtt.Variation.TotalMicroseconds,
        "tcpi_min_rtt" or "tcpi_rttmin" => report.Rtt.Minimum.TotalMicroseconds,
        "tcpi_rto" => report.RetransmitTimeout.TotalMicroseconds,
        "tcpi_rcv_rtt" => report.ReceiverRtt.TotalMicroseconds,
        "tcpi_busy_time" => report.Times.Busy.TotalMicroseconds,
        "tcpi_rwnd_limited" => report.Times.PeerWindowLimited.TotalMicroseconds,
        "tcpi_sndbuf_limited" => report.Times.SendBufferLimited.TotalMicroseconds,
        "tcpi_last_data_sent" => report.SinceLastSend.TotalMilliseconds,
        "tcpi_last_data_recv" or "tcpi_last_ack_recv" => report.SinceLastReceive.TotalMilliseconds,
        _ => null,
    };

    // Linux counts windows in segments, FreeBSD in octets.
    private bool IsInBytes => system == PacketdrillProfile.FreeBsd;

    private long Options() =>
        (report.HasTimestamps ? 1 : 0) | (report.HasSack ? 2 : 0)
            | (report.SendScale > 0 || report.ReceiveScale > 0 ? 4 : 0) | (report.HasEcn ? 8 : 0);

    private long Segments(long bytes) => (bytes + _mss - 1) / _mss;

    private static long LinuxState(TcpState state) => state switch
    {
        TcpState.Established => 1,
        TcpState.SynSent => 2,
        TcpState.SynReceived => 3,
        TcpState.FinWait1 => 4,
        TcpState.FinWait2 => 5,
        TcpState.TimeWait => 6,
        TcpState.CloseWait => 8,
        TcpState.LastAck => 9,
        TcpState.Closing => 11,
        TcpState.Listen => 10,
        _ => 7,
    };
}
