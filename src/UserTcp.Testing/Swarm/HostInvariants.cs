using UserTcp.Buffers;
using UserTcp.Stack;
using UserTcp.Testing.Network;

namespace UserTcp.Testing.Swarm;

/// <summary>What holds of a host at any time, and at the end, over all its shards.</summary>
internal static class HostInvariants
{
    /// <summary>The budget is kept, and memory belongs to a connection, or to what nobody has read yet.</summary>
    public static void CheckMemory(CoreHost host, Func<CoreHost, bool> isAnythingUnread)
    {
        ChunkPool chunks = host.Core.Config.Chunks;
        if (chunks.BytesOut > chunks.Budget)
            throw new SwarmViolationException($"{host.Name} holds {chunks.BytesOut} of {chunks.Budget} bytes.");
        if (chunks.BytesOut > 0 && host.Core.ConnectionCount == 0 && !isAnythingUnread(host))
            throw new SwarmViolationException($"{host.Name} has no connection, and holds {chunks.BytesOut} bytes.");
    }

    /// <summary>
    /// The limits are kept to the letter: in one thread no shard looks at one while another adds. Only TIME-WAIT is
    /// divided, and each shard has room for one.
    /// </summary>
    public static void CheckLimits(CoreHost host)
    {
        ShardGroup core = host.Core;
        StackConfig config = core.Config;
        (long connections, long halfOpen, long orphans) =
            (core.ConnectionCount, core.HalfOpenCount, core.OrphanCount);
        if (connections > config.MaxConnections || halfOpen > config.MaxHalfOpen || orphans > config.MaxOrphans
            || core.TimeWaitCount > Math.Max(config.MaxTimeWait, config.Shards))
        {
            throw new SwarmViolationException($"{host.Name} has {Describe(core)}.");
        }

        HostCounts counts = core.Counts;
        (long, long, long) counted = (counts.Connections.Value, counts.HalfOpen.Value, counts.Orphans.Value);
        if (counted != (connections, halfOpen, orphans))
            throw new SwarmViolationException($"{host.Name} has {Describe(core)}, and has counted {counted}.");
    }

    /// <param name="host">The host.</param>
    /// <param name="describe">Describes what was left.</param>
    public static void CheckNothingIsLeft(CoreHost host, Func<string> describe)
    {
        ShardGroup core = host.Core;
        if (core.ConnectionCount + core.HalfOpenCount + core.TimeWaitCount + core.OrphanCount > 0)
            throw new SwarmViolationException($"{host.Name} is left with {Describe(core)}.{describe()}");
        if (core.Config.Chunks.BytesOut > 0)
            throw new SwarmViolationException($"{host.Name} is left with {core.Config.Chunks.BytesOut} bytes.");
    }

    private static string Describe(ShardGroup core) =>
        $"{core.ConnectionCount} connections, {core.HalfOpenCount} half-open, {core.TimeWaitCount} in TIME-WAIT,"
        + $" {core.OrphanCount} orphans";
}
