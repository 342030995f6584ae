using UserTcp.Tool.Tests.Support;

namespace UserTcp.Tool.Tests;

public sealed class CommandLineTests
{
    private static readonly string[] s_network = ["--link", "--address", "--gateway"];
    private static readonly string[] s_all = [.. s_network, "--capture", "--json", "--no-color"];

    /// <summary>The commands, each with the global options that mean something to it.</summary>
    public static TheoryData<string, string[]> Commands => new()
    {
        { "ping", s_all },
        { "get", s_all },
        { "serve", s_all },
        { "nc", [.. s_network, "--capture", "--no-color"] },
        { "perf", s_all },
        { "trace", ["--json", "--no-color"] },
        { "devices", ["--json", "--no-color"] },
        { "doctor", [.. s_network, "--json", "--no-color"] },
        { "pkt", ["--json", "--no-color"] },
        { "sim live", ["--capture", "--json", "--no-color"] },
        { "sim swarm", ["--json", "--no-color"] },
        { "sim goodput", ["--json", "--no-color"] },
    };

    [Theory]
    [MemberData(nameof(Commands))]
    public async Task Help_has_what_the_command_heeds_and_ends_with_examples(string command, string[] heeded)
    {
        await using ToolRun run = await ToolRun.ToEndAsync([.. command.Split(' '), "--help"]);

        Assert.Equal(0, await run.Ended);
        Assert.Contains($"Examples:{Environment.NewLine}  usertcp {command}", run.Out, StringComparison.Ordinal);
        string options = run.Out[..run.Out.IndexOf("Examples:", StringComparison.Ordinal)];
        Assert.Equal(heeded, s_all.Where(option => options.Contains($" {option}", StringComparison.Ordinal)));
    }

    [Theory]
    [MemberData(nameof(Commands))]
    public async Task What_a_command_does_not_heed_is_refused_before_and_after_its_name(string command, string[] heeded)
    {
        foreach (string option in s_all.Except(heeded))
        {
            string[] words = option switch
            {
                "--address" => [option, "10.0.0.1/24"],
                "--gateway" => [option, "10.0.0.254"],
                "--json" => [option],
                _ => [option, "x"],
            };
            string[] name = command.Split(' ');
            await using ToolRun before = await ToolRun.ToEndAsync([.. words, .. name, .. Arguments(command)]);
            await using ToolRun after = await ToolRun.ToEndAsync([.. name, .. words, .. Arguments(command)]);

            string refusal = $"'{name[^1]}' takes no {option}: see its --help.{Environment.NewLine}";
            Assert.Equal((2, 2), (await before.Ended, await after.Ended));
            Assert.StartsWith(refusal, before.Error, StringComparison.Ordinal);
            Assert.StartsWith(refusal, after.Error, StringComparison.Ordinal);
        }
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
        Assert.Equal("", run.Out);
    }

    [Fact]
    public async Task What_cannot_be_parsed_is_an_error_and_where_to_read_on_but_no_result()
    {
        await using ToolRun run = await ToolRun.ToEndAsync("sim", "live", "--json", "--loss", "much");

        Assert.Equal((2, ""), (await run.Ended, run.Out));
        Assert.StartsWith("Cannot parse argument 'much' for option '--loss'", run.Error, StringComparison.Ordinal);
        Assert.EndsWith("See 'usertcp sim live --help'.", run.Error.TrimEnd(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("sim swarn", "'swarn'", "See 'usertcp sim --help'.")]
    [InlineData("sim", "swarm", "--help")]
    [InlineData("", "doctor", "--help")]
    public async Task Who_names_no_command_is_told_which_there_are(string line, params string[] words)
    {
        await using ToolRun run = await ToolRun.ToEndAsync(
            line.Split(' ', StringSplitOptions.RemoveEmptyEntries));

        Assert.Equal((2, ""), (await run.Ended, run.Out));
        Assert.All(words, word => Assert.Contains(word, run.Error, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("trace", "")]
    [InlineData("trace", "/dev/null", "-o", "")]
    [InlineData("trace", "/dev/null", "--connections", "0")]
    [InlineData("trace", "/no/such/x.html")]
    [InlineData("pkt", "")]
    [InlineData("pkt", "/dev/null", "--json", "")]
    [InlineData("pkt", "/dev/null", "--pcapng", "")]
    [InlineData("pkt", "/dev/null", "--profile", "7")]
    [InlineData("sim", "swarm", "--seeds", "-1")]
    [InlineData("sim", "swarm", "--seeds", "0")]
    [InlineData("sim", "swarm", "--seeds", "99999999999999999999")]
    [InlineData("sim", "swarm", "--seed", "-1", "--seeds", "1")]
    [InlineData("sim", "swarm", "--for", "-00:00:01")]
    [InlineData("sim", "swarm", "--for", "00:00:00")]
    [InlineData("sim", "swarm", "--for", "1")]
    [InlineData("sim", "swarm", "--for", "soon")]
    [InlineData("sim", "swarm", "--seeds", "1", "--pcapng", "")]
    [InlineData("sim", "goodput", "--most-mbit", "-1")]
    [InlineData("sim", "goodput", "--most-mbit", "0")]
    [InlineData("sim", "goodput", "--most-mbit", "NaN")]
    [InlineData("sim", "live", "--for", "1", "--speed", "NaN")]
    [InlineData("sim", "live", "--for", "Infinity", "--speed", "0")]
    [InlineData("sim", "live", "--for", "1", "--speed", "0", "--capture", "")]
    [InlineData("devices", "eth0")]
    [InlineData("doctor", "--link", "")]
    [InlineData("doctor", "--address", "")]
    [InlineData("doctor", "--gateway", "")]
    public async Task Arguments_that_cannot_be_meant_end_with_2_and_no_result(params string[] args)
    {
        await using ToolRun run = await ToolRun.ToEndAsync(args);

        Assert.Equal((2, ""), (await run.Ended, run.Out));
        Assert.InRange(run.Error.Trim().Split('\n').Length, 1, 3);
    }

    [Theory]
    [InlineData(2, "ping", "", "-c", "1")]
    [InlineData(2, "nc", "", "80")]
    [InlineData(2, "perf", "-c", "")]
    [InlineData(2, "serve", "", "--link", "virtual:nothing", "--address", "10.0.0.1/24")]
    [InlineData(3, "get", "")]
    [InlineData(23, "get", "http://10.0.2.2:1/", "--capture", "")]
    [InlineData(77, "get", "https://10.0.2.2:1/", "--cacert", "")]
    public async Task What_a_script_left_empty_is_told(int code, params string[] args)
    {
        await using ToolRun run = await ToolRun.ToEndAsync(args);

        Assert.Equal(code, await run.Ended);
        Assert.Single(run.Error.Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries));
        Assert.DoesNotContain("Parameter", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_address_needs_the_length_of_its_prefix()
    {
        await using ToolRun run = await ToolRun.ToEndAsync(
            "ping", "10.77.0.1", "-c", "1", "--link", "virtual:alone", "--address", "10.77.0.50");

        Assert.Equal(2, await run.Ended);
        Assert.Contains(
            "'10.77.0.50' is not an address with a prefix length, such as 192.168.1.50/24.", run.Error,
            StringComparison.Ordinal);
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
        await using ToolRun run = await ToolRun.ToEndAsync("--json", "ping", "10.0.2.2", "-c", "1", "-W", "60");

        Assert.Equal(0, await run.Ended);
        Assert.Equal(1, run.Json.GetProperty("summary").GetProperty("received").GetInt32());
    }

    [Fact]
    public async Task A_capture_that_cannot_be_written_is_told()
    {
        await using ToolRun run = await ToolRun.ToEndAsync(
            "get", "http://10.0.2.2:1/", "--capture", "/no/such/folder/x.pcapng");

        Assert.Equal(23, await run.Ended);
        Assert.Contains("The capture cannot be written", run.Error, StringComparison.Ordinal);
    }

    private static string[] Arguments(string command) => command switch
    {
        "nc" => ["10.0.2.2", "7"],
        "trace" or "pkt" => ["/no/such/file"],
        _ => [],
    };
}
