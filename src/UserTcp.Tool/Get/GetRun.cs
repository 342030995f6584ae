using Spectre.Console;
using UserTcp.Tool.Network;
using UserTcp.Tool.Terminal;

namespace UserTcp.Tool.Get;

/// <summary>Fetches one page: the body to its destination, everything else to the standard error.</summary>
internal sealed class GetRun(NetworkSession session, HttpWishes wishes, ToolOutput output)
{
    private const int BufferBytes = 128 * 1024;
    private readonly HttpTrail _trail = new();
    private TimeSpan _toFirstByte;

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
            throw new ToolException(Failure.TimedOut, $"{wishes.Url.IdnHost} did not answer in time.", error);
        }
        catch (HttpRequestException error)
        {
            throw Translate(error);
        }
        catch (IOException error)
        {
            // HttpIOException where HTTP noticed it, the stream's own where a reset came.
            throw new ToolException(Failure.Receive, $"The connection broke: {error.Message}", error);
        }
    }

    private async Task FetchAsync(CancellationToken cancellationToken)
    {
        using HttpRequestMessage request = wishes.MakeRequest();
        using var client = new HttpClient(StackHttp.CreateHandler(session, wishes, _trail))
        {
            Timeout = Timeout.InfiniteTimeSpan,
        };
        using HttpResponseMessage response = await client
            .SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        _toFirstByte = _trail.Elapsed;
        if (wishes.IsVerbose)
            ShowHeaders(request, response);
        Check(response);
        long bytes = await SaveAsync(response, cancellationToken);
        Tell(response, bytes);
    }

    private void Check(HttpResponseMessage response)
    {
        if ((int)response.StatusCode is >= 300 and < 400 && response.Headers.Location is not null)
            throw new ToolException(Failure.TooManyRedirects, $"Too many redirects: to {response.Headers.Location}.");
        if (wishes.FailsOnError && (int)response.StatusCode >= 400)
        {
            throw new ToolException(
                Failure.HttpStatus, $"The server answered {(int)response.StatusCode} {response.ReasonPhrase}.");
        }
    }

    private async Task<long> SaveAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        Stream body = await response.Content.ReadAsStreamAsync(cancellationToken);
        await using FileStream? file = OpenFile();
        Stream? destination = file ?? (output.IsJson ? null : output.Console.Output);
        bool isBodyOnScreen = file is null && output.Console.IsOutputTerminal;
        if (!output.Console.IsErrorTerminal || isBodyOnScreen || output.IsJson)
            return await CopyAsync(body, destination, static _ => { }, cancellationToken);

        return await output.ErrorScreen.Progress().AutoClear(true)
            .Columns(
                new SpinnerColumn(), new ProgressBarColumn(), new DownloadedColumn(), new TransferSpeedColumn(),
                new RemainingTimeColumn())
            .StartAsync(async progress =>
            {
                ProgressTask task = progress.AddTask("body", maxValue: response.Content.Headers.ContentLength ?? 1);
                task.IsIndeterminate = response.Content.Headers.ContentLength is null;
                return await CopyAsync(body, destination, count => task.Increment(count), cancellationToken);
            });
    }

    private static async Task<long> CopyAsync(
        Stream body, Stream? destination, Action<int> advance, CancellationToken cancellationToken)
    {
        // Not of a pool: a write that nobody waits for any more may still read it.
        byte[] buffer = new byte[BufferBytes];
        long total = 0;
        int count;
        while ((count = await ReadAsync(body, buffer, cancellationToken)) > 0)
        {
            if (destination is not null)
                await WriteAsync(destination, buffer.AsMemory(0, count), cancellationToken);
            total += count;
            advance(count);
        }

        return total;
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

    // Writes to pipes and files block, whatever the token says.
    private static async Task WriteAsync(
        Stream destination, ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        try
        {
            await destination.WriteAsync(bytes, cancellationToken).AsTask().WaitAsync(cancellationToken);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new ToolException(Failure.Write, $"The body cannot be written: {error.Message}", error);
        }
    }

    // Without a buffer of its own, which would fail as late as when it is closed.
    private FileStream? OpenFile()
    {
        try
        {
            return wishes.OutputFile is null or "-" ? null : File.Create(wishes.OutputFile, bufferSize: 0);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new ToolException(
                Failure.Write, $"'{wishes.OutputFile}' cannot be written: {ToolException.WordsOf(error)}", error);
        }
    }

    private void ShowHeaders(HttpRequestMessage request, HttpResponseMessage response)
    {
        // Not request.Version: the handler may have come down from what was asked for.
        output.Note($"> GET {request.RequestUri!.PathAndQuery} HTTP/{response.Version}");
        foreach (KeyValuePair<string, IEnumerable<string>> field in request.Headers)
        {
            output.Note($"> {field.Key}: {string.Join(", ", field.Value)}");
        }

        output.Note($"< HTTP/{response.Version} {(int)response.StatusCode} {response.ReasonPhrase}");
        foreach (KeyValuePair<string, IEnumerable<string>> field in response.Headers.Concat(response.Content.Headers))
        {
            output.Note($"< {field.Key}: {string.Join(", ", field.Value)}");
        }
    }

    private void Tell(HttpResponseMessage response, long bytes)
    {
        TimeSpan total = _trail.Elapsed;
        UserTcpConnection? connection = _trail.Last;
        UserTcpConnectionInfo? info = connection?.GetInfo();
        if (output.IsJson)
        {
            output.Json(new
            {
                Url = response.RequestMessage!.RequestUri,
                Status = (int)response.StatusCode,
                HttpVersion = response.Version.ToString(),
                ContentType = response.Content.Headers.ContentType?.ToString(),
                Bytes = bytes,
                Connections = _trail.Count,
                Local = connection?.LocalEndPoint.ToString(),
                Remote = connection?.RemoteEndPoint.ToString(),
                ConnectSeconds = _trail.ToConnect.TotalSeconds,
                FirstByteSeconds = _toFirstByte.TotalSeconds,
                TotalSeconds = total.TotalSeconds,
                TcpInfo = info,
            });
            return;
        }

        output.Note($"http  {(int)response.StatusCode} {response.ReasonPhrase}  HTTP/{response.Version}  "
            + $"{Quantity.Count(bytes)} B  first byte {Quantity.Milliseconds(_toFirstByte)}, "
            + $"all {Quantity.Milliseconds(total)}");
        if (info is { } tcp)
        {
            output.Note($"tcp   {connection!.LocalEndPoint} to {connection.RemoteEndPoint}  "
                + $"rtt {Quantity.Milliseconds(tcp.SmoothedRtt)}  cwnd {Quantity.Count(tcp.CongestionWindow)} B  "
                + $"segments {tcp.SegmentsSent} out, {tcp.SegmentsReceived} in  retransmitted {tcp.Retransmits}");
        }
    }

    private ToolException Translate(HttpRequestException error)
    {
        for (Exception? inner = error; inner is not null; inner = inner.InnerException)
        {
            if (inner is ToolException known)
                return known;
        }

        // What HttpClient says of itself is only that something went wrong, and what TLS says, to look further.
        string cause = error.GetBaseException().Message;
        if (error.HttpRequestError == HttpRequestError.SecureConnectionError)
            return TranslateHandshake(error, cause);
        return new ToolException(
            Failure.Receive, cause == error.Message ? cause : $"{error.Message} {cause}", error);
    }

    private ToolException TranslateHandshake(HttpRequestException error, string cause) =>
        _trail.Distrust is { } distrust
        ? new ToolException(
            Failure.Certificate, $"{distrust} --cacert FILE says whom to trust, -k that any certificate will do.",
            error)
        : new ToolException(
            Failure.Tls, $"The TLS handshake with {wishes.Url.IdnHost} failed: {cause}", error);
}
