using UserTcp.Tool.Tests.Support;

namespace UserTcp.Tool.Tests;

public sealed class CommandLineTests
{
    public static TheoryData<string> Commands => ["ping", "get", "nc", "perf", "trace", "devices", "doctor"];

    [Theory]
    [MemberData(nameof(Commands))]
    public async Task Help_ends_with_examples_of_the_command(string command)
    {
        await using ToolRun run = await ToolRun.ToEndAsync(command, "--help");

        Assert.Equal(0, await run.Ended);
        Assert.Contains($"Examples:{Environment.NewLine}  usertcp {command}", run.Out, StringComparison.Ordinal);
        Assert.Contains("--capture", run.Out, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("ping")]
    [InlineData("ping", "10.0.2.2", "--nonsense")]
    [InlineData("ping", "10.0.2.2", "--address", "10.0.0.1")]
    [InlineData("ping", "10.0.2.2", "--gateway", "router")]
    [InlineData("get", "http://10.0.2.2/", "--http", "3")]
    [InlineData("pkt")]
    public async Task A_command_line_that_makes_no_sense_ends_with_2(params string[] args)
    {
        await using ToolRun run = await ToolRun.ToEndAsync(args);

        Assert.Equal(2, await run.Ended);
        Assert.NotEmpty(run.Error);
    }

    [Fact]
    public async Task A_wire_needs_an_address()
    {
        await using ToolRun run = await ToolRun.ToEndAsync("get", "http://10.0.0.1/", "--link", "eth0");

        Assert.Equal(2, await run.Ended);
        Assert.Contains("--address A/P is needed with --link eth0", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Global_options_may_stand_before_the_command()
    {
        await using ToolRun run = await ToolRun.ToEndAsync("--json", "ping", "10.0.2.2", "-c", "1");

        Assert.Equal(0, await run.Ended);
        Assert.Equal(1, run.Json.GetProperty("summary").GetProperty("received").GetInt32());
    }

    [Fact]
    public async Task The_option_of_pkt_for_a_file_keeps_its_meaning()
    {
        string folder = Directory.CreateTempSubdirectory().FullName;
        try
        {
            string script = Path.Combine(folder, "empty.pkt");
            string results = Path.Combine(folder, "results.json");
            await File.WriteAllTextAsync(script, "0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n");
            await using ToolRun run = await ToolRun.ToEndAsync("pkt", script, "--json", results);

            Assert.Equal(0, await run.Ended);
            Assert.Contains("empty", await File.ReadAllTextAsync(results), StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task A_capture_that_cannot_be_written_is_told()
    {
        await using ToolRun run = await ToolRun.ToEndAsync(
            "get", "http://10.0.2.2:1/", "--capture", "/no/such/folder/x.pcapng");

        Assert.Equal(23, await run.Ended);
        Assert.Contains("The capture cannot be written", run.Error, StringComparison.Ordinal);
    }
}
