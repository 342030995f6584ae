using UserTcp.Diagnostics;
using UserTcp.Primitives;
using UserTcp.Stack;
using UserTcp.Tcp;

namespace UserTcp.Runtime;

/// <summary>The listeners and connections of a stack, as lines of a diagnostics endpoint.</summary>
internal static class StackDescription
{
    /// <summary>The listeners, each when its turn comes.</summary>
    public static List<ListenerLine> Listeners(RunningStack stack) =>
        [.. stack.Listeners.All.Select(static listener => Describe(listener, listener.Describe()))];

    /// <summary>The connections; each is described when its turn comes, and left out if it is over by then.</summary>
    public static IEnumerable<ConnectionLine> Connections(RunningStack stack) =>
        stack.Shards.SelectMany(static shard => Connections(shard));

    private static IEnumerable<ConnectionLine> Connections(RunningShard shard)
    {
        List<StackConnection>? connections = shard.LookIfAlive(static (core, _) =>
        {
            var list = new List<StackConnection>(core.ConnectionCount);
            core.CopyConnectionsTo(list);
            return list;
        });
        foreach (StackConnection connection in connections ?? [])
        {
            if (shard.LookIfAlive((_, now) => connection.IsForgotten ? null : Describe(connection, now)) is { } line)
                yield return line;
        }
    }

    private static ListenerLine Describe(RunningListener listener, ListenerReport report) => new()
    {
        Local = listener.IsForAnyAddress ? $"*:{PortOf(listener)}" : listener.LocalEndPoint.ToString(),
        Pending = report.PendingAccepts,
        Backlog = listener.Backlog,
        HalfOpen = report.HalfOpen,
        Accepted = report.Accepted,
        Overflows = report.Overflows,
        SynCookiesSent = report.SynCookiesSent,
    };

    private static string PortOf(RunningListener listener) =>
        listener.LocalEndPoint.Port == 0 ? "*" : $"{listener.LocalEndPoint.Port}";

    // Under the door.
    private static ConnectionLine Describe(StackConnection connection, Instant now)
    {
        TcbReport report = connection.Tcb.Describe(now);
        return WithPath(WithCounters(new ConnectionLine(), report), report) with
        {
            Local = EndOf(connection.Flow.Local, connection.Flow.LocalPort),
            Remote = EndOf(connection.Flow.Remote, connection.Flow.RemotePort),
            State = report.State.ToString(),
            ReceiveQueue = connection.Receive.Unconsumed,
            SendQueue = connection.Send.Unacknowledged,
            Orphan = connection.Tcb.IsOrphan,
            NotSent = report.BytesQueued,
            SendBuffer = report.SendBuffer,
            ReceiveBuffer = report.ReceiveBuffer,
            UptimeUs = Us(report.Age),
            SinceSendUs = report.Counters.BytesSent == 0 ? null : Us(report.SinceLastSend),
            SinceReceiveUs = report.Counters.SegmentsReceived == 0 ? null : Us(report.SinceLastReceive),
        };
    }

    private static ConnectionLine WithPath(ConnectionLine line, in TcbReport report) => line with
    {
        CongestionControl = report.CongestionControl,
        Recovery = report.Recovery.ToString(),
        Timestamps = report.HasTimestamps,
        Sack = report.HasSack,
        Ecn = report.HasEcn,
        SendScale = report.SendScale,
        ReceiveScale = report.ReceiveScale,
        RtoUs = Us(report.RetransmitTimeout),
        RttUs = Us(report.Rtt.Smoothed),
        RttVarianceUs = Us(report.Rtt.Variation),
        MinRttUs = Us(report.Rtt.Minimum),
        ReceiverRttUs = Us(report.ReceiverRtt),
        Backoff = report.Backoff,
        SegmentSize = report.SendSegmentSize,
        ReceiveSegmentSize = report.AnnouncedSegmentSize,
        PathMtu = report.PathMtu,
        CongestionWindow = report.CongestionWindow,
        SlowStartThreshold = report.SlowStartThreshold,
        PeerWindow = report.PeerWindow,
        ReceiveWindow = report.ReceiveWindow,
        Unacknowledged = report.BytesOutstanding,
    };

    private static ConnectionLine WithCounters(ConnectionLine line, in TcbReport report) => line with
    {
        BytesLost = report.BytesLost + report.BytesRetransmitted,
        BytesUnderWayAgain = report.BytesRetransmitted,
        BytesSacked = report.BytesSacked,
        BytesSent = report.Counters.BytesSent,
        BytesAcked = report.Counters.BytesAcked,
        BytesReceived = report.Counters.BytesReceived,
        BytesRetransmitted = report.Counters.BytesRetransmitted,
        SegmentsSent = report.Counters.SegmentsSent,
        SegmentsReceived = report.Counters.SegmentsReceived,
        Retransmits = report.Counters.Retransmits,
        OutOfOrderSegments = report.OutOfOrderSegments,
        ReorderingSeen = report.ReorderingSeen,
        PacingRate = Finite(report.PacingRate),
        DeliveryRate = Finite(report.DeliveryRate),
        DeliveryRateAppLimited = report.IsDeliveryRateAppLimited,
        BusyUs = Us(report.Times.Busy),
        PeerWindowLimitedUs = Us(report.Times.PeerWindowLimited),
        SendBufferLimitedUs = Us(report.Times.SendBufferLimited),
    };

    private static string EndOf(HostAddress address, ushort port) =>
        new System.Net.IPEndPoint(address.ToIPAddress(), port).ToString();

    private static double Finite(double rate) => double.IsFinite(rate) ? rate : 0; // JSON has no other numbers

    private static long Us(TimeSpan time) => time.Ticks / TimeSpan.TicksPerMicrosecond;
}
