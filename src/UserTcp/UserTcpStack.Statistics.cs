using UserTcp.Diagnostics;
using UserTcp.Runtime;

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
            sum = shard.Look((core, _) => ShardReport.Add(sum, core));
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
        ? [.. running.Shards.SelectMany(static shard => shard.Look(ShardReport.NeighborsOf))
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
}
