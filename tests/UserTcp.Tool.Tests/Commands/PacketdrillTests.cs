using System.Text.Json;
using UserTcp.Tool.Tests.Support;

namespace UserTcp.Tool.Tests.Commands;

/// <summary><c>pkt</c>: lines, JSON to a file and to the output, exit codes.</summary>
public sealed class PacketdrillTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("usertcp-pkt-").FullName;
    private readonly string _good;
    private readonly string _bad;

    public PacketdrillTests()
    {
        _good = Write("good.pkt", "0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n");
        _bad = Write("bad.pkt", "0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n+0 listen(3, 1) = -1\n");
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_file_of_results_leaves_the_lines_as_they_are()
    {
        string file = Path.Combine(_folder, "results.json");
        await using ToolRun plain = await ToolRun.ToEndAsync("pkt", _folder, "--no-color");
        await using ToolRun run = await ToolRun.ToEndAsync("pkt", _folder, "--json", file);

        Assert.Equal((1, 1), (await plain.Ended, await run.Ended));
        Assert.Equal(plain.Out, run.Out);
        Assert.Contains($"{_good}: passed{Environment.NewLine}", run.Out, StringComparison.Ordinal);
        Assert.EndsWith($"1 passed, 1 failed, 0 unsupported{Environment.NewLine}", run.Out, StringComparison.Ordinal);
        using JsonDocument results = JsonDocument.Parse(await File.ReadAllTextAsync(file));
        AssertResults(results.RootElement);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Without_a_file_the_results_are_the_output(bool isBefore)
    {
        string[] line = isBefore ? ["--json", "pkt", _folder] : ["pkt", _folder, "--json"];
        await using ToolRun run = await ToolRun.ToEndAsync(line);

        Assert.Equal(1, await run.Ended);
        AssertResults(run.Json);
    }

    [Fact]
    public async Task A_script_is_not_taken_for_the_file_of_results()
    {
        string before = await File.ReadAllTextAsync(_good);
        await using ToolRun script = await ToolRun.ToEndAsync("pkt", "--json", _good, _bad);
        await using ToolRun folder = await ToolRun.ToEndAsync("pkt", "--json", _folder, _bad);

        Assert.Equal((2, 2), (await script.Ended, await folder.Ended));
        Assert.Contains("put --json last", script.Error, StringComparison.Ordinal);
        Assert.Contains("put --json last", folder.Error, StringComparison.Ordinal);
        Assert.Equal(before, await File.ReadAllTextAsync(_good));
    }

    [Fact]
    public async Task Captures_go_to_a_folder()
    {
        string captures = Path.Combine(_folder, "captures");
        await using ToolRun run = await ToolRun.ToEndAsync("pkt", _good, "--pcapng", captures);

        Assert.Equal(0, await run.Ended);
        Assert.EndsWith("good.pcapng", Assert.Single(Directory.GetFiles(captures)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nothing_to_run_is_no_success()
    {
        await using ToolRun missing = await ToolRun.ToEndAsync("pkt", Path.Combine(_folder, "missing.pkt"));
        string empty = Directory.CreateDirectory(Path.Combine(_folder, "empty")).FullName;
        await using ToolRun none = await ToolRun.ToEndAsync("pkt", empty);

        Assert.Equal((2, 2), (await missing.Ended, await none.Ended));
        Assert.Contains("missing.pkt does not exist", missing.Error, StringComparison.Ordinal);
        Assert.Contains("There are no scripts", none.Error, StringComparison.Ordinal);
    }

    private static void AssertResults(JsonElement results)
    {
        JsonElement[] all = [.. results.EnumerateArray()];
        Assert.Equal(["failed", "passed"], all.Select(item => item.GetProperty("outcome").GetString()));
        Assert.Equal(2, all[0].GetProperty("line").GetInt32());
        Assert.NotEqual("", all[0].GetProperty("message").GetString());
        Assert.Equal("linux", all[1].GetProperty("profile").GetString());
    }

    private string Write(string name, string text)
    {
        string file = Path.Combine(_folder, name);
        File.WriteAllText(file, text);
        return file;
    }
}
