using System.Text.Json;
using UserTcp.Tool.Tests.Support;

namespace UserTcp.Tool.Tests.Perf;

/// <summary>Options of <c>perf</c> with the meaning of iperf3's, client and server over two stacks.</summary>
public sealed class PerfOptionTests
{
    [Fact]
    public async Task Both_directions_are_measured_at_once_and_both_sides_agree()
    {
        await using ToolRun server = await ServeAsync("virtual:bidir", "--json");
        await using ToolRun client = await MeasureAsync("virtual:bidir", "--bidir", "-t", "1", "-P", "2", "-J");

        Assert.Equal((0, 0), (await client.Ended, await server.Ended));
        JsonElement own = client.Json.GetProperty("end"), other = server.Json.GetProperty("end");
        string[] sums =
            ["sum_sent", "sum_received", "sum_sent_bidir_reverse", "sum_received_bidir_reverse"];
        foreach (string sum in sums)
        {
            Assert.True(Bytes(own, sum) > 0, sum);
            Assert.Equal(Bytes(own, sum), Bytes(other, sum));
        }

        Assert.True(Bytes(own, "sum_received") <= Bytes(own, "sum_sent"));
        Assert.True(Bytes(own, "sum_received_bidir_reverse") <= Bytes(own, "sum_sent_bidir_reverse"));
        Assert.Equal(
            [true, true, false, false], own.GetProperty("streams").EnumerateArray()
                .Select(stream => stream.GetProperty("sender").GetProperty("sender").GetBoolean()));
        JsonElement interval = client.Json.GetProperty("intervals")[0];
        Assert.True(interval.GetProperty("sum").GetProperty("sender").GetBoolean());
        Assert.False(interval.GetProperty("sum_bidir_reverse").GetProperty("sender").GetBoolean());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Blocks_instead_of_a_time_are_transferred(bool isReverse)
    {
        string link = $"virtual:blocks{isReverse}";
        await using ToolRun server = await ServeAsync(link);
        string[] direction = isReverse ? ["-R"] : [];
        await using ToolRun client = await MeasureAsync(link, ["-k", "40", "-l", "10K", .. direction, "-J"]);

        Assert.Equal((0, 0), (await client.Ended, await server.Ended));
        Assert.Equal(40, Long(client.Json.GetProperty("start").GetProperty("test_start"), "blocks"));
        long bytes = Bytes(client.Json.GetProperty("end"), isReverse ? "sum_received" : "sum_sent");
        Assert.InRange(bytes, 40 * 10 * 1024, isReverse ? long.MaxValue : 40 * 10 * 1024);
    }

    [Fact]
    public async Task The_output_of_the_server_is_shown_as_text()
    {
        await using ToolRun server = await ServeAsync("virtual:told");
        await using ToolRun client = await MeasureAsync("virtual:told", "-n", "1M", "--get-server-output");

        Assert.Equal((0, 0), (await client.Ended, await server.Ended));
        string[] own = client.Out.ReplaceLineEndings("\n").Split("\nServer output:\n");
        Assert.Equal(2, own.Length);
        Assert.Contains("Accepted connection from 10.0.0.1, port ", own[1], StringComparison.Ordinal);
        Assert.Contains("local 10.0.0.2 port 5201 connected to 10.0.0.1 port ", own[1], StringComparison.Ordinal);
        Assert.Contains("  receiver", own[1], StringComparison.Ordinal);
        Assert.DoesNotContain("local 10.0.0.2", own[0], StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_document_of_the_server_is_part_of_the_clients()
    {
        await using ToolRun server = await ServeAsync("virtual:document", "--json");
        await using ToolRun client = await MeasureAsync("virtual:document", "-n", "1M", "--get-server-output", "-J");

        Assert.Equal((0, 0), (await client.Ended, await server.Ended));
        JsonElement told = client.Json.GetProperty("server_output_json");
        Assert.Equal(server.Json.GetProperty("end").GetRawText().Length > 0, told.TryGetProperty("end", out _));
        Assert.Equal(
            Bytes(server.Json.GetProperty("end"), "sum_received"), Bytes(told.GetProperty("end"), "sum_received"));
    }

    [Fact]
    public async Task A_stream_of_JSON_has_a_line_for_each_part()
    {
        await using ToolRun server = await ServeAsync("virtual:stream");
        await using ToolRun client = await MeasureAsync(
            "virtual:stream", "-t", "1", "-i", "0.3", "--json-stream", "--get-server-output");

        Assert.Equal((0, 0), (await client.Ended, await server.Ended));
        JsonElement[] lines = [.. client.Out.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => JsonDocument.Parse(line).RootElement)];
        string[] events = [.. lines.Select(line => line.GetProperty("event").GetString()!)];
        Assert.Equal("start", events[0]);
        Assert.Equal(["server_output_text", "end"], events[^2..]);
        Assert.NotEmpty(events[1..^2]);
        Assert.All(events[1..^2], name => Assert.Equal("interval", name));
        Assert.Equal(
            Bytes(lines[^1].GetProperty("data"), "sum_sent"),
            lines[1..^2].Sum(line => Bytes(line.GetProperty("data"), "sum")));
    }

    [Fact]
    public async Task A_stream_of_JSON_that_fails_is_an_error()
    {
        await using ToolRun client = await ToolRun.ToEndAsync("perf", "-c", "127.0.0.1", "-p", "1", "--json-stream");

        Assert.Equal(1, await client.Ended);
        Assert.Equal("error", client.Json.GetProperty("event").GetString());
        Assert.Contains("refused", client.Json.GetProperty("data").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_control_connection_that_nobody_answers_is_given_up_in_time()
    {
        await using ToolRun client = await ToolRun.ToEndAsync(
            "perf", "-c", "10.0.0.2", "--connect-timeout", "50", "--link", "virtual:nobody",
            "--address", "10.0.0.1/24");

        Assert.Equal(1, await client.Ended);
        Assert.Contains("10.0.0.2:5201 ", client.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("10.0.0.1", 0, "")]
    [InlineData("10.0.0.9", 1, "cannot be connected to")]
    public async Task A_client_binds_to_an_address_of_the_stack(string address, int code, string words)
    {
        string link = $"virtual:bind{address}";
        await using ToolRun server = await ServeAsync(link, "-B", "10.0.0.2");
        await using ToolRun client = await MeasureAsync(link, "-n", "1M", "-B", address);

        Assert.Equal(code, await client.Ended);
        Assert.Contains(words, client.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_cannot_bind_to_an_address_of_another()
    {
        await using ToolRun server = await ToolRun.ToEndAsync(
            "perf", "-s", "-B", "10.0.0.9", "--link", "virtual:foreign", "--address", "10.0.0.2/24");

        Assert.Equal(1, await server.Ended);
        Assert.Contains("10.0.0.9:5201 cannot be listened on", server.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("-n", "1M", "-k", "5")]
    [InlineData("-t", "1", "-k", "5")]
    [InlineData("--bidir", "-R")]
    [InlineData("--connect-timeout", "0")]
    public async Task Options_that_make_no_sense_are_refused(params string[] options)
    {
        await using ToolRun run = await ToolRun.ToEndAsync(["perf", "-c", "10.0.0.2", .. options]);

        Assert.Equal(2, await run.Ended);
        Assert.StartsWith("usertcp perf: ", run.Error, StringComparison.Ordinal);
    }

    private static async Task<ToolRun> ServeAsync(string link, params string[] options)
    {
        ToolRun server = ToolRun.Start(
            ["perf", "-s", "-1", .. options, "--link", link, "--address", "10.0.0.2/24"]);
        await (options.Contains("--json") ? server.ErrorLineAsync("Server listening") : server.OutLineAsync(
            "Server listening"));
        return server;
    }

    private static Task<ToolRun> MeasureAsync(string link, params string[] options) => ToolRun.ToEndAsync(
        ["perf", "-c", "10.0.0.2", .. options, "--link", link, "--address", "10.0.0.1/24"]);

    private static long Bytes(JsonElement json, string sum) => Long(json.GetProperty(sum), "bytes");

    private static long Long(JsonElement json, string name) => json.GetProperty(name).GetInt64();
}
