using System.IO.Pipelines;
using System.Text;
using FsCheck.Xunit;
using HttpGet;
using HttpGet.Http;

namespace UserTcp.Tests.Samples.Http;

/// <summary>RFC 9112 §4, §5: status lines, header fields, interim answers, and the limits on them.</summary>
public sealed class HttpHeadTests
{
    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\n\r\n", 200, "OK")]
    [InlineData("HTTP/1.0 404 Not Found\r\n\r\n", 404, "Not Found")]
    [InlineData("HTTP/1.1 200 \r\n\r\n", 200, "")]
    [InlineData("HTTP/1.1 200\r\n\r\n", 200, "")]
    [InlineData("HTTP/1.1 599 Whatever this is\n\n", 599, "Whatever this is")]
    public async Task A_status_line_is_read(string answer, int status, string reason)
    {
        HttpOutcome outcome = await HttpBench.AnswerCutEverywhereAsync(answer);

        Assert.Equal(ExitCode.Ok, outcome.Code);
        Assert.Equal(status, outcome.Response!.Status);
        Assert.Equal(reason, outcome.Response.Reason);
    }

    [Theory]
    [InlineData("SSH-2.0-OpenSSH_9.2\r\n")]
    [InlineData("<html>hello</html>\r\n")]
    [InlineData("\r\n")]
    [InlineData("HTTP/2 200 OK\r\n\r\n")]
    [InlineData("HTTP/1.x 200 OK\r\n\r\n")]
    [InlineData("HTTP/1.1  200 OK\r\n\r\n")]
    [InlineData("HTTP/1.1 20 OK\r\n\r\n")]
    [InlineData("HTTP/1.1 2000 OK\r\n\r\n")]
    [InlineData("HTTP/1.1 099 Low\r\n\r\n")]
    [InlineData("HTTP/1.1 +20 OK\r\n\r\n")]
    [InlineData("http/1.1 200 OK\r\n\r\n")]
    public async Task What_is_not_HTTP_1_is_refused(string answer)
    {
        HttpOutcome outcome = await HttpBench.AnswerCutEverywhereAsync(answer);

        Assert.Equal(ExitCode.ReceiveFailed, outcome.Code);
    }

    [Fact]
    public async Task No_byte_at_all_is_an_empty_reply()
    {
        HttpOutcome outcome = await HttpBench.AnswerAsync([]);

        Assert.Equal(ExitCode.EmptyReply, outcome.Code);
    }

    [Theory]
    [InlineData("H")]
    [InlineData("HTTP/1.1 200 OK")]
    [InlineData("HTTP/1.1 200 OK\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n")]
    [InlineData("HTTP/1.1 100 Continue\r\n\r\n")]
    public async Task A_head_that_breaks_off_is_a_receive_failure(string answer)
    {
        HttpOutcome outcome = await HttpBench.AnswerCutEverywhereAsync(answer);

        Assert.Equal(ExitCode.ReceiveFailed, outcome.Code);
    }

    [Fact]
    public async Task Fields_are_found_in_any_case_and_trimmed_and_unfolded()
    {
        const string Answer = "HTTP/1.1 302 Found\r\nlocation: \t/over/there \r\nX-Folded: one\r\n  two\r\n\tthree\r\n"
            + "X-Empty:\r\nContent-Length: 0\r\n\r\n";

        HttpOutcome outcome = await HttpBench.AnswerCutEverywhereAsync(Answer);

        Assert.Equal("/over/there", outcome.Response!.RedirectTarget);
        Assert.Equal("one two three", outcome.Response.Fields["x-folded"]);
        Assert.Equal("", outcome.Response.Fields["X-EMPTY"]);
        Assert.Null(outcome.Response.Fields["X-Missing"]);
    }

    [Theory]
    [InlineData(200)]
    [InlineData(300)]
    [InlineData(304)]
    [InlineData(404)]
    public async Task Only_statuses_that_redirect_follow_a_location(int status)
    {
        HttpOutcome outcome = await HttpBench.AnswerAsync(
            $"HTTP/1.1 {status} X\r\nLocation: /a\r\nContent-Length: 0\r\n\r\n");

        Assert.Null(outcome.Response!.RedirectTarget);
    }

    [Theory]
    [InlineData("No colon here")]
    [InlineData(": no name")]
    [InlineData("Space before : colon")]
    [InlineData("In side: name")]
    [InlineData(" folded first")]
    [InlineData("Zero: by\0te")]
    [InlineData("Bare: carriage\rreturn")]
    public async Task A_malformed_header_line_is_refused(string line)
    {
        HttpOutcome outcome = await HttpBench.AnswerCutEverywhereAsync($"HTTP/1.1 200 OK\r\n{line}\r\n\r\n");

        Assert.Equal(ExitCode.ReceiveFailed, outcome.Code);
    }

    [Fact]
    public async Task Interim_answers_are_skipped()
    {
        const string Answer = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n\r\n"
            + "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";

        HttpOutcome outcome = await HttpBench.AnswerCutEverywhereAsync(Answer);

        Assert.Equal(200, outcome.Response!.Status);
        Assert.Null(outcome.Response.Fields["Link"]);
        Assert.Equal("hi", outcome.Body);
    }

    [Fact]
    public async Task Endless_interim_answers_are_refused()
    {
        string endless = string.Concat(Enumerable.Repeat("HTTP/1.1 100 Continue\r\n\r\n", 17));

        HttpOutcome outcome = await HttpBench.AnswerAsync(endless);

        Assert.Equal(ExitCode.ReceiveFailed, outcome.Code);
        Assert.Contains("interim", outcome.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Switching_protocols_unasked_is_refused()
    {
        HttpOutcome outcome = await HttpBench.AnswerAsync("HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n");

        Assert.Equal(ExitCode.ReceiveFailed, outcome.Code);
    }

    [Fact]
    public async Task A_line_of_the_limit_passes_and_one_byte_more_does_not()
    {
        HttpLimits limits = new() { LineBytes = 32 };
        string name = "X: " + new string('y', 29);

        HttpOutcome fits = await HttpBench.AnswerAsync($"HTTP/1.1 204 A\r\n{name}\r\n\r\n", limits: limits);
        HttpOutcome tooLong = await HttpBench.AnswerAsync($"HTTP/1.1 204 A\r\n{name}y\r\n\r\n", limits: limits);
        HttpOutcome endless = await HttpBench.AnswerAsync([new string('H', 33), "H"], limits: limits);

        Assert.Equal(ExitCode.Ok, fits.Code);
        Assert.Equal(ExitCode.ReceiveFailed, tooLong.Code);
        Assert.Equal(ExitCode.ReceiveFailed, endless.Code);
    }

    [Fact]
    public async Task Too_many_fields_or_too_many_bytes_of_them_are_refused()
    {
        HttpLimits limits = new() { HeaderCount = 3, HeaderBytes = 30 };

        HttpOutcome fits = await HttpBench.AnswerAsync(
            "HTTP/1.1 204 A\r\nA: b\r\nA: b\r\nA: b\r\n\r\n", limits: limits);
        HttpOutcome many = await HttpBench.AnswerAsync(
            "HTTP/1.1 204 A\r\nA: b\r\nA: b\r\nA: b\r\nA: b\r\n\r\n", limits: limits);
        HttpOutcome large = await HttpBench.AnswerAsync(
            $"HTTP/1.1 204 A\r\nA: {new string('b', 14)}\r\nA: {new string('b', 14)}\r\n\r\n", limits: limits);

        Assert.Equal(ExitCode.Ok, fits.Code);
        Assert.Equal(ExitCode.ReceiveFailed, many.Code);
        Assert.Equal(ExitCode.ReceiveFailed, large.Code);
    }

    [Fact]
    public async Task A_request_names_its_host_and_asks_to_close()
    {
        Pipe pipe = new();

        HttpRequest question = new(new Uri("http://example.org:8080/a b?c=d#e"));
        await question.SendAsync(pipe.Writer, CancellationToken.None);

        ReadResult read = await pipe.Reader.ReadAsync();
        string request = Encoding.ASCII.GetString(read.Buffer);
        Assert.Equal(
            "GET /a%20b?c=d HTTP/1.1\r\nHost: example.org:8080\r\nUser-Agent: UserTcp-HttpGet/0.1\r\nAccept: */*\r\n"
            + "Connection: close\r\n\r\n",
            request);
    }

    /// <summary>Whatever a server sends, the client ends with an answer or one of its own errors.</summary>
    [Property(MaxTest = 200)]
    public void No_bytes_make_the_client_throw_anything_else(byte[] noise)
    {
        string text = Encoding.Latin1.GetString(noise);

        const string Ok = "HTTP/1.1 200 OK\r\n";
        foreach (string prefix in (string[])["", Ok, Ok + "Transfer-Encoding: chunked\r\n\r\n"])
        {
            Task<HttpOutcome> outcome = HttpBench.AnswerAsync([prefix, text]);
            Assert.True(outcome.IsCompletedSuccessfully, outcome.Exception?.ToString());
        }
    }
}
