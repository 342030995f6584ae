using UserTcp.Architecture.Tests.Support;

namespace UserTcp.Architecture.Tests;

/// <summary>The core is deaf and mute: time, randomness and threads are arguments or do not exist.</summary>
public sealed class CoreTests
{
    // The writer's half of SendQueue is used outside the door, and meets the other half in a few words. Shards share the
    // limits of their stack.
    private static readonly string[] s_airlocks =
        ["UserTcp.Buffers.SendQueue+Atomic.", "UserTcp.Primitives.RateLimit.TryTake ", "UserTcp.Primitives.SharedCount."];

    [Fact]
    public void The_core_asks_the_world_for_nothing() => Expect.None(
        CoreRules.Violations(House.References.Where(House.IsCore))
            .Where(found => !s_airlocks.Any(airlock => found.StartsWith(airlock, StringComparison.Ordinal))),
        "Uses of clocks, randomness, threads, tasks, I/O, LINQ, or of an order that is no contract, below the door:");

    [Theory]
    [InlineData('P', "System.DateTime.UtcNow")]
    [InlineData('P', "System.Environment.TickCount64")]
    [InlineData('T', "System.Diagnostics.Stopwatch")]
    [InlineData('T', "System.TimeProvider")]
    [InlineData('T', "System.Random")]
    [InlineData('T', "System.Threading.Thread")]
    [InlineData('T', "System.Threading.Tasks.Task")]
    [InlineData('T', "System.Threading.Lock")]
    [InlineData('T', "System.Threading.Interlocked")]
    public void The_analyzer_knows_what_is_banned(char kind, string symbol) =>
        Assert.Contains(symbol, CoreRules.Banned[kind]);
}
