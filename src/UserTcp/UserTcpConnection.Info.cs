using UserTcp.Tcp;

namespace UserTcp;

/// <content>Statistics of a connection.</content>
public sealed partial class UserTcpConnection
{
    private static UserTcpConnectionInfo InfoOf(in TcbReport report) =>
        WithBuffers(WithCounters(WithNetwork(new UserTcpConnectionInfo(), report), report), report) with
        {
            State = PlatformState(report.State),
            SelectiveAcknowledgments = report.HasSack,
            Timestamps = report.HasTimestamps,
            SendWindowScale = report.SendScale,
            ReceiveWindowScale = report.ReceiveScale,
            SendSegmentSize = report.SendSegmentSize,
            ReceiveSegmentSize = report.AnnouncedSegmentSize,
            PeerSegmentSize = report.PeerMss,
            SoftError = report.SoftError,
            Uptime = report.Age,
            SinceLastReceive = report.Counters.SegmentsReceived == 0 ? TimeSpan.Zero : report.SinceLastReceive,
            SinceLastSend = report.Counters.BytesSent == 0 ? TimeSpan.Zero : report.SinceLastSend,
        };

    private static UserTcpConnectionInfo WithNetwork(UserTcpConnectionInfo info, in TcbReport report) => info with
    {
        RecoveryState = (UserTcpRecoveryState)report.Recovery,
        CongestionControl = report.CongestionControl,
        PathMtu = report.PathMtu,
        SmoothedRtt = report.Rtt.Smoothed,
        RttVariance = report.Rtt.Variation,
        LatestRtt = report.Rtt.Latest,
        MinRtt = report.Rtt.Minimum,
        RetransmitTimeout = report.RetransmitTimeout,
        CongestionWindow = report.CongestionWindow,
        SlowStartThreshold = report.SlowStartThreshold,
        BytesInFlight = report.BytesInFlight,
        ReorderingSeen = report.ReorderingSeen,
        ExplicitCongestionNotification = report.HasEcn,
        CeMarksReceived = report.CeMarksReceived,
        DeliveryRate = report.DeliveryRate,
        PacingRate = report.PacingRate,
        DeliveryRateAppLimited = report.IsDeliveryRateAppLimited,
    };

    private static UserTcpConnectionInfo WithCounters(UserTcpConnectionInfo info, in TcbReport report) => info with
    {
        BytesSent = report.Counters.BytesSent,
        BytesAcked = report.Counters.BytesAcked,
        BytesRetransmitted = report.Counters.BytesRetransmitted,
        BytesReceived = report.Counters.BytesReceived,
        SegmentsSent = report.Counters.SegmentsSent,
        SegmentsReceived = report.Counters.SegmentsReceived,
        Retransmits = report.Counters.Retransmits,
        FastRetransmits = report.Counters.FastRecoveries,
        Timeouts = report.Counters.Timeouts,
        TailLossProbes = report.Counters.TailLossProbes,
        SpuriousRetransmits = report.Counters.SpuriousRecoveries,
        DuplicateAcks = report.Counters.DuplicateAcks,
        EcnEchoes = report.Counters.EcnEchoes,
        OutOfOrderSegments = report.OutOfOrderSegments,
        ZeroWindowEvents = report.Counters.ZeroWindows,
    };

    private static UserTcpConnectionInfo WithBuffers(UserTcpConnectionInfo info, in TcbReport report) => info with
    {
        PeerWindow = report.PeerWindow,
        ReceiveWindow = report.ReceiveWindow,
        BytesQueued = report.BytesQueued,
        SendBufferSize = report.SendBuffer,
        ReceiveBufferSize = report.ReceiveBuffer,
        ReceiverRtt = report.ReceiverRtt,
        BusyTime = report.Times.Busy,
        PeerWindowLimitedTime = report.Times.PeerWindowLimited,
        SendBufferLimitedTime = report.Times.SendBufferLimited,
    };
}
