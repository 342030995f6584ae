using System.Text;
using Spectre.Console;
using UserTcp.Tool.Network;
using UserTcp.Tool.Terminal;

namespace UserTcp.Tool.Get;

/// <summary>One attempt to fetch a page, all redirects included. Its properties tell how far it came.</summary>
internal sealed class HttpAttempt(NetworkSession session, HttpWishes wishes, BodyFile file, ToolOutput output)
{
    private const int BufferBytes = 128 * 1024;
    private const int NotSatisfiable = 416;
    private CountedBody? _body;

    public HttpTrail Trail { get; } = new();

    public HttpHop Hop { get; private set; } = HttpHop.Begin(wishes.Url, wishes.Verb);

    /// <summary>The last response; null before the first one. Its body is gone when the attempt is.</summary>
    public HttpResponseMessage? Response { get; private set; }

    /// <summary>The place that the last response sends to, if that is not followed; null for nowhere.</summary>
    public Uri? RedirectUrl { get; private set; }

    /// <summary>The bytes of the last body as it came, with its coding and without its framing.</summary>
    public long BodyBytes => _body?.Count ?? 0;

    /// <summary>The bytes of all heads of responses, and of requests, as HTTP/1.1 has them.</summary>
    public (long Responses, long Requests) HeadBytes { get; private set; }

    /// <summary>Since the start: until the head of the last response, and until the last redirect.</summary>
    public (TimeSpan FirstByte, TimeSpan Redirect) Times { get; private set; }

    /// <exception cref="ToolException">It could not be fetched.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        if (wishes.MaxTime is { } longest)
            patience.CancelAfter(longest);

        try
        {
            await FetchAsync(patience.Token);
        }
        catch (OperationCanceledException error) when (!cancellationToken.IsCancellationRequested)
        {
            throw new ToolException(Failure.TimedOut, $"{Hop.Url.IdnHost} did not answer in time.", error);
        }
        catch (Exception error) when (error is HttpRequestException or IOException)
        {
            throw HttpFailures.Translate(error, Hop.Url, Trail, isInBody: _body is not null);
        }
    }

    private async Task FetchAsync(CancellationToken cancellationToken)
    {
        using var client = new HttpMessageInvoker(StackHttp.CreateHandler(session, wishes, Trail));
        using HttpResponseMessage last = await FollowAsync(client, cancellationToken);
        if (wishes.FailsOnError && (int)last.StatusCode >= 400)
        {
            throw new ToolException(
                Failure.HttpStatus, $"The server answered {(int)last.StatusCode} {last.ReasonPhrase}.");
        }

        if (Hop.Verb != HttpVerb.Head && HasWantedBody(last))
            await SaveAsync(last, cancellationToken);
    }

    private async Task<HttpResponseMessage> FollowAsync(HttpMessageInvoker client, CancellationToken cancellationToken)
    {
        while (true)
        {
            HttpSyntax.CheckScheme(Hop.Url);
            using HttpRequestMessage request = HttpRequests.Make(wishes, Hop);
            HttpResponseMessage response = await client.SendAsync(request, cancellationToken);
            try
            {
                await NoteAsync(request, response, cancellationToken);
                Uri? target = HttpHop.TargetOf(response);
                if (target is null || wishes.MaxRedirects is not { } most)
                {
                    RedirectUrl = target;
                    return response;
                }

                if (most >= 0 && Hop.Number >= most)
                    throw new ToolException(Failure.TooManyRedirects, $"More than {most} redirects: to {target}.");
                Hop = Hop.Follow((int)response.StatusCode, target);
                Times = Times with { Redirect = Trail.Elapsed };
                response.Dispose();
            }
            catch
            {
                response.Dispose();
                throw;
            }
        }
    }

    private async Task NoteAsync(
        HttpRequestMessage request, HttpResponseMessage response, CancellationToken cancellationToken)
    {
        Response = response;
        Times = Times with { FirstByte = Trail.Elapsed };
        string asked = HttpRequests.HeadOf(request, response.Version), answered = HttpRequests.HeadOf(response);
        HeadBytes = (HeadBytes.Responses + answered.Length, HeadBytes.Requests + asked.Length);
        if (wishes.IsVerbose)
        {
            foreach (string line in asked.TrimEnd().Split("\r\n"))
                output.Note($"> {line}");
            foreach (string line in answered.TrimEnd().Split("\r\n"))
                output.Note($"< {line}");
        }

        if (wishes.Verb != HttpVerb.Head)
            return;

        file.Open(isNewAttempt: Hop.Number == 0);
        await file.WriteAsync(Encoding.Latin1.GetBytes(answered), cancellationToken);
    }

    // With -C the server has to go on where the file ends, or to say that there is no more.
    private bool HasWantedBody(HttpResponseMessage response)
    {
        if (wishes.ResumeAt == 0 || Hop.Verb != HttpVerb.Get)
            return true;

        if (response.Content.Headers.ContentRange?.From == wishes.ResumeAt)
            return true;
        if ((int)response.StatusCode == NotSatisfiable || response.Content.Headers.ContentLength == wishes.ResumeAt)
            return false;

        throw new ToolException(
            Failure.Range, $"The server does not send the page from byte {wishes.ResumeAt} on.");
    }

    private async Task SaveAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        _body = new CountedBody(await response.Content.ReadAsStreamAsync(cancellationToken));
        await using Stream body = wishes.IsCompressed
            ? BodyDecoding.Decode(_body, response.Content.Headers.ContentEncoding) : _body;
        file.Open(isNewAttempt: true);
        bool isBodyOnScreen = !file.IsFile && output.Console.IsOutputTerminal;
        if (!output.Console.IsErrorTerminal || isBodyOnScreen || output.IsJson || wishes.IsSilent)
        {
            await CopyAsync(body, static _ => { }, cancellationToken);
            return;
        }

        await output.ErrorScreen.Progress().AutoClear(true)
            .Columns(
                new SpinnerColumn(), new ProgressBarColumn(), new DownloadedColumn(), new TransferSpeedColumn(),
                new RemainingTimeColumn())
            .StartAsync(async progress =>
            {
                ProgressTask task = progress.AddTask("body", maxValue: response.Content.Headers.ContentLength ?? 1);
                task.IsIndeterminate = response.Content.Headers.ContentLength is null;
                await CopyAsync(body, total => task.Value = total, cancellationToken);
            });
    }

    private async Task CopyAsync(Stream body, Action<long> advance, CancellationToken cancellationToken)
    {
        // Not of a pool: a write that nobody waits for any more may still read it.
        byte[] buffer = new byte[BufferBytes];
        int count;
        while ((count = await ReadAsync(body, buffer, cancellationToken)) > 0)
        {
            await file.WriteAsync(buffer.AsMemory(0, count), cancellationToken);
            advance(BodyBytes);
        }
    }

    private static async Task<int> ReadAsync(Stream body, byte[] buffer, CancellationToken cancellationToken)
    {
        try
        {
            return await body.ReadAsync(buffer, cancellationToken);
        }
        catch (Exception error) when (error is InvalidDataException or InvalidOperationException)
        {
            // The second is what Brotli's decoder has for it.
            throw new ToolException(Failure.Encoding, $"The body cannot be decoded: {error.Message}", error);
        }
    }
}
