using System.IO.Compression;
using System.Text;
using System.Text.Json;
using UserTcp.Tool.Tests.Support;

namespace UserTcp.Tool.Tests.Commands;

/// <summary>What goes wrong with a page is a line and the exit code of curl, never a stack trace.</summary>
public sealed class GetFailureTests
{
    private const string NoSpace = "/dev/full";

    [Fact]
    public async Task A_reset_inside_the_body_is_told()
    {
        await using var server = new WebServer(Head("Content-Length: 100000"), new byte[5000]) { Resets = true };
        await using ToolRun run = await ToolRun.ToEndAsync("get", server.Url);

        Assert.Equal(56, await run.Ended);
        Assert.Contains("reset", Assert.Single(LinesOf(run)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_reset_before_the_answer_is_told_with_its_cause()
    {
        await using var server = new WebServer("", []) { Resets = true, IsSilent = true };
        await using ToolRun run = await ToolRun.ToEndAsync("get", server.Url);

        Assert.Equal(56, await run.Ended);
        Assert.Contains("the peer reset it", Assert.Single(LinesOf(run)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("gzip")]
    [InlineData("deflate")]
    [InlineData("br")]
    public async Task A_body_that_is_not_encoded_as_it_says_is_told(string encoding)
    {
        byte[] nonsense = [.. Enumerable.Repeat((byte)0xff, 100)];
        await using var server = new WebServer(Head($"Content-Encoding: {encoding}\nContent-Length: 100"), nonsense);
        await using ToolRun run = await ToolRun.ToEndAsync("get", server.Url, "--compressed");

        Assert.Equal(61, await run.Ended);
        Assert.Contains("cannot be decoded", Assert.Single(LinesOf(run)), StringComparison.Ordinal);
    }

    /// <summary>The runtime reads the switch once: whatever decodes first, the tool must have it from the start.</summary>
    [Fact]
    public void The_tool_starts_with_strict_decoding()
    {
        using JsonDocument settings = JsonDocument.Parse(
            File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "UserTcp.Tool.runtimeconfig.json")));
        JsonElement properties = settings.RootElement.GetProperty("runtimeOptions").GetProperty("configProperties");

        Assert.True(properties.GetProperty("System.IO.Compression.UseStrictValidation").GetBoolean());
    }

    [Fact]
    public async Task An_encoded_body_that_lacks_its_end_is_no_success()
    {
        using var encoded = new MemoryStream();
        await using (var gzip = new GZipStream(encoded, CompressionLevel.Fastest, leaveOpen: true))
            await gzip.WriteAsync(Encoding.ASCII.GetBytes(string.Concat(Enumerable.Range(0, 5000))));
        byte[] cut = encoded.ToArray()[..^10];
        await using var server = new WebServer(Head($"Content-Encoding: gzip\nContent-Length: {cut.Length}"), cut);
        await using ToolRun run = await ToolRun.ToEndAsync("get", server.Url, "--compressed");

        Assert.Equal(61, await run.Ended);
    }

    [Theory]
    [InlineData(5)]
    [InlineData(500_000)]
    public async Task A_file_that_cannot_be_written_is_23(int bytes)
    {
        await using var server = new WebServer(Head($"Content-Length: {bytes}"), new byte[bytes]);
        await using ToolRun run = await ToolRun.ToEndAsync("get", server.Url, "-o", NoSpace);

        Assert.Equal(23, await run.Ended);
        Assert.Contains("The body cannot be written", Assert.Single(LinesOf(run)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_output_that_nobody_reads_any_more_is_23()
    {
        await using var server = new WebServer(Head("Content-Length: 5"), new byte[5]);
        await using ToolRun run = ToolRun.StartWithOutput(new BrokenStream(BrokenStream.BrokenPipe), "get", server.Url);

        Assert.Equal(23, await run.Ended);
        Assert.Contains("The body cannot be written", Assert.Single(LinesOf(run)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("-m", "-5")]
    [InlineData("-m", "NaN")]
    [InlineData("-m", "1e12")]
    [InlineData("-H", "nonsense")]
    [InlineData("-H", "Content-Length: 5")]
    [InlineData("-H", "X: é")]
    [InlineData("-H", "X: a\r\nY: b")]
    [InlineData("-H", "a name: b")]
    public async Task Options_that_make_no_sense_are_refused_before_anything_is_opened(string option, string value)
    {
        // A link that does not exist would be told first.
        await using ToolRun run = await ToolRun.ToEndAsync(
            "get", "http://10.0.0.1/", option, value, "--link", "packet:none", "--address", "10.0.0.2/24");

        Assert.Equal(2, await run.Ended);
        Assert.DoesNotContain("Unhandled", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task No_seconds_are_no_limit_as_with_curl()
    {
        await using var server = new WebServer(Head("Content-Length: 2"), "ok"u8.ToArray());
        await using ToolRun run = await ToolRun.ToEndAsync("get", server.Url, "-m", "0");

        Assert.True(await run.Ended == 0, run.Error);
        Assert.Equal("ok", run.Out);
    }

    [Fact]
    public async Task Fields_of_a_content_and_fields_that_are_sent_anyway_can_be_given()
    {
        await using var server = new WebServer(Head("Content-Length: 2"), "ok"u8.ToArray());
        await using ToolRun run = await ToolRun.ToEndAsync(
            "get", server.Url, "-H", "Content-Type: text/x", "-H", "User-Agent: somebody", "-H", "Accept: text/y");

        Assert.True(await run.Ended == 0, run.Error);
        Assert.Contains("Content-Type: text/x\r\n", server.LastRequest, StringComparison.Ordinal);
        Assert.Contains("User-Agent: somebody\r\n", server.LastRequest, StringComparison.Ordinal);
        Assert.Contains("Accept: text/y\r\n", server.LastRequest, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_capture_that_fails_at_the_end_is_told_after_what_failed_before()
    {
        await using ToolRun run = await ToolRun.ToEndAsync("get", "http://127.0.0.1:1/", "--capture", NoSpace);

        Assert.Equal(7, await run.Ended);
        string[] lines = LinesOf(run);
        Assert.Equal(2, lines.Length);
        Assert.Contains("refused", lines[0], StringComparison.Ordinal);
        Assert.Contains("The capture is not complete", lines[1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_capture_that_fails_at_the_end_is_a_failure_by_itself()
    {
        await using var server = new WebServer(Head("Content-Length: 2"), "ok"u8.ToArray());
        await using ToolRun run = await ToolRun.ToEndAsync("get", server.Url, "--capture", NoSpace);

        Assert.Equal(23, await run.Ended);
        Assert.Equal("ok", run.Out);
        Assert.Contains("The capture is not complete", run.Error, StringComparison.Ordinal);
    }

    private static string Head(string fields) => $"HTTP/1.1 200 OK\n{fields}\nConnection: close";

    private static string[] LinesOf(ToolRun run) =>
        run.Error.Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries);
}
