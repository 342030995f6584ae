using UserTcp.Diagnostics;
using UserTcp.Ip;
using UserTcp.Primitives;
using UserTcp.Runtime;
using UserTcp.Stack;

namespace UserTcp;

/// <content>Looking inside.</content>
public sealed partial class UserTcpStack
{
    /// <summary>The counters of the stack; all zero before it started.</summary>
    /// <returns>A snapshot; of a stack with several shards each is consistent in itself.</returns>
    public UserTcpStackStatistics GetStatistics()
    {
        var sum = new UserTcpStackStatistics();
        if (Running is not { } running)
            return sum;

        foreach (RunningShard shard in running.Shards)
        {
            sum = shard.Look((core, _) => Add(sum, core));
        }

        return sum with { Link = running.LinkStatistics, TapFramesMissed = _settings.Taps.Missed };
    }

    /// <summary>The connections that are neither over nor in TIME-WAIT, and not waiting to be accepted.</summary>
    /// <returns>A snapshot, in no order.</returns>
    public IReadOnlyList<UserTcpConnection> GetConnections() =>
        Running is { } running ? [.. running.GetConnections().Select(UserTcpConnection.Of)] : [];

    /// <summary>The ARP table. Each shard asks for the neighbours that it sends to; here each stands once.</summary>
    /// <returns>A snapshot, in no order.</returns>
    public IReadOnlyList<UserTcpNeighbor> GetNeighbors() => Running is { } running
        ? [.. running.Shards.SelectMany(static shard => shard.Look(NeighborsOf))
            .GroupBy(static neighbor => neighbor.Address)
            .Select(static same => same.OrderBy(one => one.MacAddress is null).ThenBy(one => one.Age).First())]
        : [];

    /// <summary>Shows every frame of the stack to a tap, from now on; also before the stack starts.</summary>
    /// <param name="tap">The tap.</param>
    /// <returns>Dispose of it to take the tap away; the tap itself is not disposed of.</returns>
    /// <exception cref="ObjectDisposedException">The stack was disposed of.</exception>
    public IDisposable AddTap(IPacketTap tap)
    {
        ArgumentNullException.ThrowIfNull(tap);
        _life.ThrowIfOver();
        _settings.Taps.Add(tap);
        return new Registration(() => _settings.Taps.Remove(tap));
    }

    private static UserTcpStackStatistics Add(UserTcpStackStatistics sum, Shard core)
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

    private static IReadOnlyList<UserTcpNeighbor> NeighborsOf(Shard core, Instant now)
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
