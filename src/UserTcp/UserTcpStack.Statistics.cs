using UserTcp.Diagnostics;
using UserTcp.Ip;
using UserTcp.Primitives;
using UserTcp.Stack;

namespace UserTcp;

/// <content>Looking inside.</content>
public sealed partial class UserTcpStack
{
    /// <summary>The counters of the stack; all zero before it started.</summary>
    /// <returns>A consistent snapshot.</returns>
    public UserTcpStackStatistics GetStatistics() => Running is { } running
        ? running.Look(CountersOf) with
        {
            Link = running.LinkStatistics,
            TapFramesMissed = _settings.Taps.Missed,
        }
        : new UserTcpStackStatistics();

    /// <summary>The connections that are neither over nor in TIME-WAIT, and not waiting to be accepted.</summary>
    /// <returns>A snapshot, in no order.</returns>
    public IReadOnlyList<UserTcpConnection> GetConnections() =>
        Running is { } running ? [.. running.GetConnections().Select(UserTcpConnection.Of)] : [];

    /// <summary>The ARP table.</summary>
    /// <returns>A snapshot, in no order.</returns>
    public IReadOnlyList<UserTcpNeighbor> GetNeighbors() =>
        Running is { } running ? running.Look(NeighborsOf) : [];

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

    private static UserTcpStackStatistics CountersOf(Shard core, Instant now)
    {
        StackCounters counters = core.Counters;
        return new UserTcpStackStatistics
        {
            ConnectionsInitiated = counters.ConnectionsInitiated,
            ConnectionsAccepted = counters.ConnectionsAccepted,
            FailedConnectionAttempts = counters.FailedConnectionAttempts,
            ResetConnections = counters.ResetConnections,
            CurrentConnections = core.ConnectionCount,
            TimeWaitConnections = core.TimeWaitCount,
            SegmentsReceived = counters.SegmentsReceived,
            SegmentsSent = counters.SegmentsSent,
            SegmentsResent = counters.SegmentsResent,
            ResetsSent = counters.ResetsSent,
            ResetsWithheld = counters.ResetsWithheld,
            IcmpWithheld = counters.IcmpWithheld,
            ChallengeAcksSent = core.Challenges.Granted,
            ChallengeAcksWithheld = core.Challenges.Withheld,
            WindowProbeTimeouts = counters.WindowProbeTimeouts,
            ErrorsReceived = counters.ErrorsReceived,
            FramesReceived = counters.FramesReceived,
            FramesSent = counters.FramesSent,
            BytesReceived = counters.BytesReceived,
            BytesSent = counters.BytesSent,
            LinkSendBackpressure = counters.LinkSendBackpressure,
            BytesBuffered = core.Config.Chunks.BytesOut,
            BytesOverdrawn = core.Config.Chunks.Overdrawn,
            Drops = DropsOf(counters),
        };
    }

    private static Dictionary<PacketDropReason, long> DropsOf(StackCounters counters)
    {
        var drops = new Dictionary<PacketDropReason, long>();
        foreach (PacketDropReason reason in Enum.GetValues<PacketDropReason>())
        {
            long count = counters.Drops(reason);
            if (count > 0)
                drops.Add(reason, count);
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
