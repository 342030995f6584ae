using System.Text.Json;
using UserTcp.Tool.Tests.Support;

namespace UserTcp.Tool.Tests.Commands;

/// <summary><c>sim swarm</c> and <c>sim goodput</c>, as lines and as JSON.</summary>
public sealed class SimulationTests
{
    [Fact]
    public async Task A_swarm_ends_with_a_line_of_what_was_run()
    {
        await using ToolRun run = await ToolRun.ToEndAsync(
            "sim", "swarm", "--seed", "41", "--seeds", "3", "--no-color");

        Assert.Equal(0, await run.Ended);
        // Where it takes longer, lines of its progress come before.
        string last = run.Out.TrimEnd().Split('\n')[^1];
        Assert.Matches(@"^3 seeds from 41 in \d\d:\d\d:\d\d, 0 failed$", last);
    }

    [Fact]
    public async Task A_swarm_is_a_document()
    {
        await using ToolRun run = await ToolRun.ToEndAsync("sim", "swarm", "--seed", "41", "--seeds", "3", "--json");

        Assert.Equal(0, await run.Ended);
        Assert.Equal(41UL, run.Json.GetProperty("first_seed").GetUInt64());
        Assert.Equal(3, run.Json.GetProperty("seeds").GetInt64());
        Assert.True(run.Json.GetProperty("seconds").GetDouble() > 0);
        Assert.Equal(0, run.Json.GetProperty("failed").GetArrayLength());
    }

    [Fact]
    public async Task A_swarm_that_is_interrupted_tells_what_it_has_done()
    {
        await using ToolRun run = ToolRun.Start("--json", "sim", "swarm", "--for", "10:00:00");
        run.Interrupt();

        Assert.Equal(130, await run.Ended);
        Assert.Equal(0, run.Json.GetProperty("failed").GetArrayLength());
    }

    [Fact]
    public async Task The_goodput_of_paths_is_a_document_of_what_the_lines_say()
    {
        string[] line = ["sim", "goodput", "--most-mbit", "1"]; // no path is that slow: only short transfers
        await using ToolRun text = await ToolRun.ToEndAsync([.. line, "--no-color"]);
        await using ToolRun json = await ToolRun.ToEndAsync([.. line, "--json"]);

        Assert.Equal((0, 0), (await text.Ended, await json.Ended));
        Assert.Equal(0, json.Json.GetProperty("goodput").GetArrayLength());
        JsonElement[] transfers = [.. json.Json.GetProperty("short_transfers").EnumerateArray()];
        string[] lines =
        [
            .. text.Out.Split(Environment.NewLine)
                .Where(words => words.Contains("Mbit/s  in order", StringComparison.Ordinal)),
        ];
        Assert.Equal(20, lines.Length);
        Assert.Equal(lines.Select(LastOf), transfers.Select(LastOf));
        Assert.Equal(100_000_000, transfers[0].GetProperty("path").GetProperty("bits_per_second").GetInt64());
        Assert.Equal(2, transfers[0].GetProperty("path").GetProperty("rtt_ms").GetDouble());
    }

    private static string LastOf(string line) => line.Split(' ')[^1];

    private static string LastOf(JsonElement transfer) => string.Create(
        System.Globalization.CultureInfo.InvariantCulture,
        $"{transfer.GetProperty("transfers")[1].GetProperty("worst_ms").GetDouble():F1}");
}
