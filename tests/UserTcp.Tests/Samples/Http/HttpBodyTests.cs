using System.IO.Pipelines;
using System.Net.Sockets;
using System.Text;
using HttpGet;
using HttpGet.Http;

namespace UserTcp.Tests.Samples.Http;

/// <summary>RFC 9112 §6.3 and §7: each kind of body, whole, in pieces, cut short and malformed.</summary>
public sealed class HttpBodyTests
{
    private const string Ok = "HTTP/1.1 200 OK\r\n";

    [Theory]
    [InlineData("Content-Length: 5\r\n\r\nhello", "hello")]
    [InlineData("Content-Length: 0\r\n\r\n", "")]
    [InlineData("Content-Length: 5, 5\r\nContent-Length: 5\r\n\r\nhello", "hello")]
    [InlineData("Content-Length: 5\r\n\r\nhello and what nobody asked for", "hello")]
    [InlineData("\r\nuntil the end", "until the end")]
    [InlineData("\r\n", "")]
    [InlineData("Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6;x=\"y\"\r\n world\r\n0\r\n\r\n", "hello world")]
    [InlineData("Transfer-Encoding: Chunked\r\n\r\nA \r\n0123456789\r\n00\r\nA: t\r\nB: u\r\n\r\n", "0123456789")]
    [InlineData("Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n5\r\nhello\r\n0\r\n\r\n", "hello")]
    [InlineData("transfer-encoding:chunked\n\n2\nhi\n0\n\n", "hi")]
    [InlineData("Transfer-Encoding: chunked\r\n\r\n4\r\n\r\n\r\n\r\n0\r\n\r\n", "\r\n\r\n")]
    public async Task A_body_arrives_whole_however_it_is_cut(string rest, string expected)
    {
        HttpOutcome outcome = await HttpBench.AnswerCutEverywhereAsync(Ok + rest);

        Assert.Equal(ExitCode.Ok, outcome.Code);
        Assert.Equal(expected, outcome.Body);
    }

    [Theory]
    [InlineData("GET", "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n")]
    [InlineData("GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n")]
    [InlineData("GET", "HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n")]
    [InlineData("HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n")]
    [InlineData("HEAD", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")]
    public async Task An_answer_that_has_no_body_is_over_after_its_head(string method, string answer)
    {
        HttpOutcome outcome = await HttpBench.AnswerCutEverywhereAsync(answer, method);

        Assert.Equal(ExitCode.Ok, outcome.Code);
        Assert.Equal(HttpBodyKind.None, outcome.Response!.Body.Kind);
        Assert.Empty(outcome.Body);
    }

    [Theory]
    [InlineData("Content-Length: 6\r\n\r\nhello", "hello")]
    [InlineData("Content-Length: 6\r\n\r\n", "")]
    [InlineData("Transfer-Encoding: chunked\r\n\r\n", "")]
    [InlineData("Transfer-Encoding: chunked\r\n\r\n5", "")]
    [InlineData("Transfer-Encoding: chunked\r\n\r\n5\r\nhel", "hel")]
    [InlineData("Transfer-Encoding: chunked\r\n\r\n5\r\nhello", "hello")]
    [InlineData("Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", "hello")]
    [InlineData("Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n", "hello")]
    [InlineData("Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nTrailer: t\r\n", "hello")]
    public async Task A_body_that_ends_early_is_cut_short_and_what_came_is_kept(string rest, string kept)
    {
        HttpOutcome outcome = await HttpBench.AnswerCutEverywhereAsync(Ok + rest);

        Assert.Equal(ExitCode.CutShort, outcome.Code);
        Assert.Equal(kept, outcome.Body);
    }

    [Theory]
    [InlineData("Content-Length: five\r\n\r\nhello")]
    [InlineData("Content-Length: -5\r\n\r\nhello")]
    [InlineData("Content-Length: +5\r\n\r\nhello")]
    [InlineData("Content-Length:\r\n\r\nhello")]
    [InlineData("Content-Length: 99999999999999999999\r\n\r\nhello")]
    [InlineData("Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!")]
    [InlineData("Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n")]
    [InlineData("Transfer-Encoding: gzip\r\n\r\nhello")]
    [InlineData("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")]
    [InlineData("Transfer-Encoding: chunked\r\n\r\nfive\r\nhello\r\n0\r\n\r\n")]
    [InlineData("Transfer-Encoding: chunked\r\n\r\n\r\nhello\r\n0\r\n\r\n")]
    [InlineData("Transfer-Encoding: chunked\r\n\r\n-5\r\nhello\r\n0\r\n\r\n")]
    [InlineData("Transfer-Encoding: chunked\r\n\r\n0x5\r\nhello\r\n0\r\n\r\n")]
    [InlineData("Transfer-Encoding: chunked\r\n\r\n8000000000000000\r\nhello\r\n0\r\n\r\n")]
    [InlineData("Transfer-Encoding: chunked\r\n\r\n11111111111111111\r\nhello\r\n0\r\n\r\n")]
    [InlineData("Transfer-Encoding: chunked\r\n\r\n4\r\nhello\r\n0\r\n\r\n")]
    public async Task A_malformed_length_or_chunk_is_refused(string rest)
    {
        HttpOutcome outcome = await HttpBench.AnswerCutEverywhereAsync(Ok + rest);

        Assert.Equal(ExitCode.ReceiveFailed, outcome.Code);
    }

    [Fact]
    public async Task Chunks_of_an_HTTP_1_0_server_are_faulty_framing()
    {
        HttpOutcome outcome = await HttpBench.AnswerAsync(
            "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n");

        Assert.Equal(ExitCode.ReceiveFailed, outcome.Code);
    }

    [Fact]
    public async Task An_endless_chunk_extension_is_refused()
    {
        string endless = Ok + "Transfer-Encoding: chunked\r\n\r\n5;" + new string('x', 9000);

        HttpOutcome outcome = await HttpBench.AnswerAsync(endless);

        Assert.Equal(ExitCode.ReceiveFailed, outcome.Code);
    }

    [Fact]
    public async Task Endless_trailers_are_refused()
    {
        string trailers = string.Concat(Enumerable.Repeat("A: b\r\n", 300));
        string endless = $"{Ok}Transfer-Encoding: chunked\r\n\r\n0\r\n{trailers}";

        HttpOutcome outcome = await HttpBench.AnswerAsync(endless);

        Assert.Equal(ExitCode.ReceiveFailed, outcome.Code);
    }

    [Theory]
    [InlineData("Content-Length: 6\r\n\r\nhello")]
    [InlineData("\r\nhello")]
    [InlineData("Transfer-Encoding: chunked\r\n\r\n5\r\nhello")]
    public async Task A_reset_in_the_middle_is_a_receive_failure_and_not_an_end(string rest)
    {
        IOException reset = new("reset", new SocketException((int)SocketError.ConnectionReset));

        HttpOutcome outcome = await HttpBench.AnswerAsync([Ok + rest], ending: reset);

        Assert.Equal(ExitCode.ReceiveFailed, outcome.Code);
        Assert.Equal("hello", outcome.Body);
        Assert.Contains("reset the connection", outcome.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_peer_that_no_longer_acknowledges_is_a_timeout()
    {
        IOException silence = new("silence", new SocketException((int)SocketError.TimedOut));

        HttpOutcome outcome = await HttpBench.AnswerAsync([Ok], ending: silence);

        Assert.Equal(ExitCode.TimedOut, outcome.Code);
    }

    [Fact]
    public async Task A_server_that_falls_silent_is_a_timeout()
    {
        Pipe pipe = new();
        await pipe.Writer.WriteAsync(Encoding.ASCII.GetBytes(Ok + "Content-Length: 6\r\n\r\nhello"));

        HttpOutcome outcome = await HttpBench.ReadAsync(
            pipe.Reader, "GET", HttpLimits.Default, TimeSpan.FromMilliseconds(20));

        Assert.Equal(ExitCode.TimedOut, outcome.Code);
        Assert.Equal("hello", outcome.Body);
    }

    [Fact]
    public async Task A_destination_that_is_full_is_told_from_a_broken_connection()
    {
        Pipe pipe = new();
        await pipe.Writer.WriteAsync(Encoding.ASCII.GetBytes(Ok + "Content-Length: 5\r\n\r\nhello"));
        HttpInput input = new(pipe.Reader, TimeSpan.FromMinutes(5), CancellationToken.None);
        HttpResponse response = await HttpHeadReader.ReadAsync(input, "GET", HttpLimits.Default);
        using MemoryStream tooSmall = new(new byte[3]);
        BodySink sink = new(tooSmall, progress: null, CancellationToken.None);

        GetException failure = await Assert.ThrowsAsync<GetException>(
            () => new HttpBodyReader(input, HttpLimits.Default, sink).CopyAsync(response.Body).AsTask());

        Assert.Equal(ExitCode.CannotWrite, failure.Code);
    }
}
