using UserTcp.Diagnostics;
using UserTcp.Ip;
using UserTcp.Primitives;
using UserTcp.Stack;

namespace UserTcp;

/// <summary>What a shard tells, in the words of the public API. Under its door.</summary>
internal static class ShardReport
{
    /// <summary>The counters of one shard more.</summary>
    public static UserTcpStackStatistics Add(UserTcpStackStatistics sum, Shard core)
    {
        StackCounters counters = core.Counters;
        return sum with
        {
            ConnectionsInitiated = sum.ConnectionsInitiated + counters.ConnectionsInitiated,
            ConnectionsAccepted = sum.ConnectionsAccepted + counters.ConnectionsAccepted,
            FailedConnectionAttempts = sum.FailedConnectionAttempts + counters.FailedConnectionAttempts,
            ResetConnections = sum.ResetConnections + counters.ResetConnections,
            CurrentConnections = sum.CurrentConnections + core.ConnectionCount,
            TimeWaitConnections = sum.TimeWaitConnections + core.TimeWaitCount,
            SegmentsReceived = sum.SegmentsReceived + counters.SegmentsReceived,
            SegmentsSent = sum.SegmentsSent + counters.SegmentsSent,
            SegmentsResent = sum.SegmentsResent + counters.SegmentsResent,
            ResetsSent = sum.ResetsSent + counters.ResetsSent,
            ResetsWithheld = sum.ResetsWithheld + counters.ResetsWithheld,
            IcmpWithheld = sum.IcmpWithheld + counters.IcmpWithheld,
            ChallengeAcksSent = sum.ChallengeAcksSent + core.Challenges.Granted,
            ChallengeAcksWithheld = sum.ChallengeAcksWithheld + core.Challenges.Withheld,
            WindowProbeTimeouts = sum.WindowProbeTimeouts + counters.WindowProbeTimeouts,
            ErrorsReceived = sum.ErrorsReceived + counters.ErrorsReceived,
            FramesReceived = sum.FramesReceived + counters.FramesReceived,
            FramesSent = sum.FramesSent + counters.FramesSent,
            BytesReceived = sum.BytesReceived + counters.BytesReceived,
            BytesSent = sum.BytesSent + counters.BytesSent,
            LinkSendBackpressure = sum.LinkSendBackpressure + counters.LinkSendBackpressure,
            BytesBuffered = core.Chunks.BytesOut,
            BytesOverdrawn = core.Chunks.Overdrawn,
            FramesHandedOver = sum.FramesHandedOver + counters.HandedOver,
            Drops = Add(sum.Drops, counters),
        };
    }

    private static Dictionary<PacketDropReason, long> Add(
        IReadOnlyDictionary<PacketDropReason, long> sum, StackCounters counters)
    {
        var drops = new Dictionary<PacketDropReason, long>(sum);
        foreach (PacketDropReason reason in Enum.GetValues<PacketDropReason>())
        {
            long count = counters.Drops(reason);
            if (count > 0)
                drops[reason] = drops.GetValueOrDefault(reason) + count;
        }

        return drops;
    }

    /// <summary>The neighbours of a shard.</summary>
    public static IReadOnlyList<UserTcpNeighbor> NeighborsOf(Shard core, Instant now)
    {
        var neighbors = new List<UserTcpNeighbor>(core.Neighbors.Count);
        foreach (Neighbor neighbor in core.Neighbors.All)
        {
            neighbors.Add(new UserTcpNeighbor
            {
                Address = neighbor.Address.ToIPAddress(),
                MacAddress = neighbor.Mac.IsZero ? null : neighbor.Mac,
                State = StateOf(neighbor, now),
                Age = now - Since(neighbor, core.Config.Ip),
            });
        }

        return neighbors;
    }

    private static Instant Since(Neighbor neighbor, IpLimits limits) =>
        neighbor.State == NeighborState.Reachable ? neighbor.FreshUntil - limits.NeighborFreshTime : neighbor.AskedAt;

    private static UserTcpNeighborState StateOf(Neighbor neighbor, Instant now) => neighbor.StateAt(now) switch
    {
        NeighborState.Reachable => UserTcpNeighborState.Reachable,
        NeighborState.Stale or NeighborState.Delay => UserTcpNeighborState.Stale,
        NeighborState.Probe => UserTcpNeighborState.Probing,
        NeighborState.Failed => UserTcpNeighborState.Failed,
        _ => UserTcpNeighborState.Incomplete,
    };
}
