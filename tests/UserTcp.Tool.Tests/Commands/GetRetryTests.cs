using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Time.Testing;
using UserTcp.Tool.Tests.Support;

namespace UserTcp.Tool.Tests.Commands;

/// <summary><c>--retry</c> by a clock that the test moves.</summary>
public sealed class GetRetryTests
{
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero));
    private int _requests;

    [Theory]
    [InlineData(408)]
    [InlineData(429)]
    [InlineData(500)]
    [InlineData(502)]
    [InlineData(503)]
    [InlineData(504)]
    public async Task An_answer_that_may_pass_is_tried_again_after_twice_the_time(int status)
    {
        await using SecureServer server = await StartAsync(status, failures: 3);
        await using ToolRun run = ToolRun.StartAt(_time, "get", server.Url(), "--retry", "5", "-w", "%{http_code}");
        await WaitOutAsync(run, 1, left: 5);
        await WaitOutAsync(run, 2, left: 4);
        await WaitOutAsync(run, 4, left: 3);

        Assert.Equal(0, await run.Ended);
        Assert.Equal(4, _requests);
        Assert.EndsWith("body200", run.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task After_the_last_try_the_answer_stands()
    {
        await using SecureServer server = await StartAsync(503, failures: 9);
        await using ToolRun run = ToolRun.StartAt(_time, "get", server.Url(), "-f", "--retry", "1");
        await WaitOutAsync(run, 1, left: 1);

        Assert.Equal(22, await run.Ended);
        Assert.Equal(2, _requests);
        Assert.Empty(run.Out);
    }

    [Theory]
    [InlineData("7", 7)]
    [InlineData("0", 1)] // never less than it would be without
    [InlineData("Fri, 02 Jan 2026 03:04:25 GMT", 20)]
    [InlineData("Fri, 02 Jan 2026 03:04:00 GMT", 1)]
    [InlineData("nonsense", 1)]
    public async Task A_server_says_when_to_come_back(string retryAfter, int seconds)
    {
        await using SecureServer server = await StartAsync(503, failures: 1, retryAfter);
        await using ToolRun run = ToolRun.StartAt(_time, "get", server.Url(), "--retry", "1");
        await WaitOutAsync(run, seconds, left: 1);

        Assert.Equal(0, await run.Ended);
        Assert.Equal(2, _requests);
    }

    [Theory]
    [InlineData(404)]
    [InlineData(501)]
    public async Task Other_answers_stand_at_once(int status)
    {
        await using SecureServer server = await StartAsync(status, failures: 9);
        await using ToolRun run = ToolRun.StartAt(_time, "get", server.Url(), "--retry", "5");

        Assert.Equal(0, await run.Ended);
        Assert.Equal(1, _requests);
    }

    [Theory]
    [InlineData("http://name.invalid/", 6, true)]
    [InlineData("http://127.0.0.1:1/", 7, false)]
    public async Task Names_are_asked_for_again_and_refusals_are_not(string url, int code, bool isTriedAgain)
    {
        await using ToolRun run = ToolRun.StartAt(_time, "get", url, "--retry", "1");
        if (isTriedAgain)
            await WaitOutAsync(run, 1, left: 1);

        Assert.Equal(code, await run.Ended);
    }

    [Fact]
    public async Task A_timeout_is_of_one_attempt_and_is_tried_again()
    {
        var never = new TaskCompletionSource();
        await using SecureServer server = await SecureServer.StartAsync("http", HttpProtocols.Http1, context =>
            Interlocked.Increment(ref _requests) == 1
                ? never.Task.WaitAsync(context.RequestAborted) : context.Response.WriteAsync("body"));
        await using ToolRun run = ToolRun.StartAt(_time, "get", server.Url(), "--retry", "1", "-m", "2");
        await WaitOutAsync(run, 1, left: 1);

        Assert.Equal(0, await run.Ended);
        Assert.Equal("body", run.Out);
    }

    [Fact]
    public async Task A_file_has_the_last_answer_only()
    {
        string file = Path.GetTempFileName();
        try
        {
            await using SecureServer server = await StartAsync(503, failures: 1);
            await using ToolRun run = ToolRun.StartAt(_time, "get", server.Url(), "--retry", "1", "-o", file);
            await WaitOutAsync(run, 1, left: 1);

            Assert.Equal(0, await run.Ended);
            Assert.Equal("body", await File.ReadAllTextAsync(file));
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public async Task A_wait_can_be_interrupted()
    {
        await using SecureServer server = await StartAsync(503, failures: 9, "3600");
        await using ToolRun run = ToolRun.StartAt(_time, "get", server.Url(), "--retry", "5");
        await run.ErrorLineAsync("The next attempt begins in 3600 s");
        run.Interrupt();

        Assert.Equal(130, await run.Ended);
    }

    private Task<SecureServer> StartAsync(int status, int failures, string? retryAfter = null) =>
        SecureServer.StartAsync("http", HttpProtocols.Http1, context =>
        {
            if (Interlocked.Increment(ref _requests) > failures)
                return context.Response.WriteAsync("body");

            context.Response.StatusCode = status;
            context.Response.Headers.RetryAfter = retryAfter;
            return context.Response.WriteAsync("failure, longer than the body");
        });

    // The wait begins before its line is written.
    private async Task WaitOutAsync(ToolRun run, int seconds, int left)
    {
        await run.ErrorLineAsync($"The next attempt begins in {seconds} s; {left} are left.");
        int before = Volatile.Read(ref _requests);
        _time.Advance(TimeSpan.FromSeconds(seconds) - TimeSpan.FromTicks(1));
        Assert.Equal(before, Volatile.Read(ref _requests));
        Assert.False(run.Ended.IsCompleted);
        _time.Advance(TimeSpan.FromTicks(1));
    }
}
