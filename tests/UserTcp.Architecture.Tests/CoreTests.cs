using System.Text.RegularExpressions;
using UserTcp.Architecture.Tests.Support;

namespace UserTcp.Architecture.Tests;

/// <summary>The core is deaf and mute: time, randomness and threads are arguments or do not exist.</summary>
public sealed partial class CoreTests
{
    // The writer's half of SendQueue is used outside the door, and meets the other half in one exchange.
    private const string Airlock = "UserTcp.Buffers.SendQueue.Exchange";
    private const string AirlockFile = "src/UserTcp/Buffers/SendQueue.Writer.cs";

    [Fact]
    public void The_core_asks_the_world_for_nothing() => Expect.None(
        CoreRules.Violations(House.References.Where(House.IsCore))
            .Where(found => !found.StartsWith($"{Airlock} → System.Threading.Interlocked", StringComparison.Ordinal)),
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

    [Fact]
    public void The_analyzer_is_switched_on_for_every_room_of_the_core()
    {
        string config = Repository.Read(".editorconfig");
        Match section = CoreSection().Match(config);
        string project = Repository.Read($"{House.Library}/UserTcp.csproj");

        Assert.True(section.Success, "No section of .editorconfig makes RS0030 an error for rooms of src/UserTcp.");
        Assert.Equal(House.Core.Order(), section.Groups[1].Value.Split(',').Order());
        Assert.Contains("<AdditionalFiles Include=\"BannedSymbols.txt\" />", project, StringComparison.Ordinal);
        Assert.Contains("Microsoft.CodeAnalysis.BannedApiAnalyzers", project, StringComparison.Ordinal);
    }

    [Fact]
    public void No_file_of_the_core_switches_the_analyzer_off()
    {
        var found =
            from file in Repository.CSharp(House.Library)
            where House.Core.Contains(House.RoomOfFile(file.Path)) && file.Path != AirlockFile
                && file.Text.Contains("RS0030", StringComparison.Ordinal)
            select file.Path;
        Expect.None(found, "Suppressions of RS0030 below the door:");
    }

    [GeneratedRegex(
        @"\[src/UserTcp/\{([\w,]+)\}/\*\*\.cs\]\n(?:.+\n)*?dotnet_diagnostic\.RS0030\.severity = error\n")]
    private static partial Regex CoreSection();
}
