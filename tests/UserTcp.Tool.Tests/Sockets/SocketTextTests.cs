using UserTcp.Tool.Sockets;

namespace UserTcp.Tool.Tests.Sockets;

/// <summary>The words of <c>ss -i</c>, as iproute2 writes them.</summary>
public sealed class SocketTextTests
{
    [Fact]
    public void A_connection_in_recovery_has_all_words() => Assert.Equal(
        "ts sack ecn cubic wscale:7,10 rto:201.5 backoff:1 rtt:0.5/0.25 mss:1000 pmtu:1500 advmss:1460 cwnd:10 ssthresh:7 "
        + "bytes_sent:9000 bytes_retrans:1000 bytes_acked:4000 bytes_received:77 segs_out:12 segs_in:8 send 160Mbps "
        + "lastsnd:3 lastack:2 pacing_rate 2.5Kbps delivery_rate 800bps app_limited busy:8ms rwnd_limited:2ms(25%) "
        + "sndbuf_limited:4ms(50%) unacked:5 retrans:1/3 lost:2 sacked:2 reord_seen:1 rcv_rtt:1.5 rcv_space:65536 "
        + "notsent:6 minrtt:0.125 rcv_ooopack:4 snd_wnd:64000 rcv_wnd:65535 orphan",
        SocketText.Details(new ConnectionLine
        {
            Timestamps = true, Sack = true, Ecn = true, CongestionControl = "cubic", SendScale = 7, ReceiveScale = 10,
            RtoUs = 201_500, Backoff = 1, RttUs = 500, RttVarianceUs = 250, SegmentSize = 1000, PathMtu = 1500,
            ReceiveSegmentSize = 1460, CongestionWindow = 10_000, SlowStartThreshold = 7_000, BytesSent = 9_000,
            BytesRetransmitted = 1_000, BytesAcked = 4_000, BytesReceived = 77, SegmentsSent = 12, SegmentsReceived = 8,
            SinceSendUs = 3_900, SinceReceiveUs = 2_100, PacingRate = 312.5, DeliveryRate = 100,
            DeliveryRateAppLimited = true, BusyUs = 8_000, PeerWindowLimitedUs = 2_000, SendBufferLimitedUs = 4_000,
            Unacknowledged = 5_000, Retransmits = 3, BytesUnderWayAgain = 900, BytesLost = 1_900, BytesSacked = 2_000,
            ReorderingSeen = true, ReceiverRttUs = 1_500, ReceiveBuffer = 65_536, NotSent = 6, MinRttUs = 125,
            OutOfOrderSegments = 4, PeerWindow = 64_000, ReceiveWindow = 65_535, Orphan = true,
        }));

    [Fact]
    public void A_connection_that_has_sent_nothing_has_few() => Assert.Equal(
        "reno rto:1000 mss:536 pmtu:576 advmss:1460 cwnd:10 rcv_space:0 snd_wnd:0 rcv_wnd:0",
        SocketText.Details(new ConnectionLine
        {
            CongestionControl = "reno", RtoUs = 1_000_000, SegmentSize = 536, PathMtu = 576, ReceiveSegmentSize = 1460,
            CongestionWindow = 5_360, SlowStartThreshold = int.MaxValue,
        }));
}
