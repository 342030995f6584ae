using System.Diagnostics;
using System.IO.Pipelines;
using System.Net.Security;
using HttpGet.Http;
using UserTcp;

namespace HttpGet;

/// <summary>Fetches pages, a connection each, straight on the connection's pipes.</summary>
internal sealed class HttpGetter(Network network, GetSettings settings, Report report)
{
    private const int MaxRedirects = 5;
    private readonly Dialer _dialer = new(network, settings, report);

    /// <summary>Fetches a page and follows its redirects.</summary>
    /// <param name="url">Where it is, or was.</param>
    /// <param name="openBody">Opens the destination of the last answer's body, once it is known to come.</param>
    /// <param name="cancellationToken">Resets the connection.</param>
    /// <exception cref="GetException">It failed; the connection was reset.</exception>
    public async Task<FetchResult> FetchAsync(Uri url, Func<Stream> openBody, CancellationToken cancellationToken)
    {
        for (int redirects = 0; ; redirects++)
        {
            FetchResult result = await FetchOnceAsync(url, openBody, cancellationToken);
            if (result.Response.RedirectTarget is not { } target)
                return result;
            if (redirects == MaxRedirects)
                throw new GetException(ExitCode.TooManyRedirects, $"More than {MaxRedirects} redirects.");

            url = WebAddress.Follow(url, target);
            report.Line("redirect", $"to {url}");
        }
    }

    private async Task<FetchResult> FetchOnceAsync(Uri url, Func<Stream> openBody, CancellationToken cancellationToken)
    {
        (UserTcpConnection connection, TimeSpan toConnect) = await _dialer.ConnectAsync(url, cancellationToken);
        await using UserTcpConnection _ = connection;
        report.Handshake(network.Stack, connection, toConnect);
        SslStream? tls = null;
        try
        {
            long connected = Stopwatch.GetTimestamp();
            if (url.Scheme == Uri.UriSchemeHttps)
                tls = await _dialer.SecureAsync(connection, url, cancellationToken);

            IDuplexPipe pipes = tls is null ? connection : new StreamPipes(tls);
            Answer answer = await ExchangeAsync(pipes, url, openBody, cancellationToken);
            TimeSpan toFirstByte = toConnect + Stopwatch.GetElapsedTime(connected, answer.HeadAt);
            TimeSpan total = toConnect + Stopwatch.GetElapsedTime(connected);
            await SayGoodbyeAsync(connection, tls);
            return new(answer.Response, answer.BodyBytes, toConnect, toFirstByte, total, connection.GetInfo());
        }
        catch
        {
            // The server hears at once that nobody reads any more, whatever the reason.
            connection.Abort();
            throw;
        }
        finally
        {
            if (tls is not null)
                await tls.DisposeAsync();
        }
    }

    private async Task<Answer> ExchangeAsync(
        IDuplexPipe pipes, Uri url, Func<Stream> openBody, CancellationToken cancellationToken)
    {
        HttpRequest request = new(url);
        ShowLines("> ", request.ToString().TrimEnd().Split("\r\n"));
        await request.SendAsync(pipes.Output, cancellationToken);

        HttpInput input = new(pipes.Input, settings.Silence, cancellationToken);
        HttpResponse response = await HttpHeadReader.ReadAsync(input, request.Method, HttpLimits.Default);
        long headAt = Stopwatch.GetTimestamp();
        report.Response(response);
        ShowLines("< ", response.Fields.All.Select(field => $"{field.Key}: {field.Value}"));

        Stream destination = response.RedirectTarget is null ? openBody() : Stream.Null;
        BodyProgress? progress = settings.ShowProgress ? new(report, response.Body) : null;
        BodySink sink = new(destination, progress is null ? null : progress.Advance, cancellationToken);
        try
        {
            await new HttpBodyReader(input, HttpLimits.Default, sink).CopyAsync(response.Body);
            await sink.FlushAsync();
        }
        finally
        {
            progress?.End();
        }

        return new(response, sink.Written, headAt);
    }

    /// <summary>The page is complete: what goes wrong from here on harms nobody.</summary>
    private static async Task SayGoodbyeAsync(UserTcpConnection connection, SslStream? tls)
    {
        try
        {
            if (tls is not null)
                await tls.ShutdownAsync();
            else
                await connection.ShutdownOutputAsync();
        }
        catch (IOException)
        {
            // The server left before our goodbye.
        }
    }

    private void ShowLines(string mark, IEnumerable<string> lines)
    {
        foreach (string line in lines)
            report.Detail(mark + line);
    }

    private readonly record struct Answer(HttpResponse Response, long BodyBytes, long HeadAt);
}
