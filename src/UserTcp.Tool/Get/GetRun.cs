using System.Buffers;
using System.Security.Authentication;
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
        byte[] buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
        long total = 0;
        try
        {
            int count;
            while ((count = await body.ReadAsync(buffer, cancellationToken)) > 0)
            {
                await WriteAsync(destination, buffer.AsMemory(0, count), cancellationToken);
                total += count;
                advance(count);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        await WriteAsync(destination, default, cancellationToken);
        return total;
    }

    // No bytes at all are the end.
    private static async Task WriteAsync(
        Stream? destination, ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        if (destination is null)
            return;

        try
        {
            if (bytes.IsEmpty)
                await destination.FlushAsync(cancellationToken);
            else
                await destination.WriteAsync(bytes, cancellationToken);
        }
        catch (IOException error)
        {
            throw new ToolException(Failure.Write, $"The body cannot be written: {error.Message}", error);
        }
    }

    private FileStream? OpenFile()
    {
        try
        {
            return wishes.OutputFile is null ? null : File.Create(wishes.OutputFile);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new ToolException(Failure.Write, $"{wishes.OutputFile} cannot be written: {error.Message}", error);
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
        for (Exception? cause = error; cause is not null; cause = cause.InnerException)
        {
            if (cause is ToolException known)
                return known;
            if (cause is AuthenticationException)
                return Translate(error, cause);
        }

        return new ToolException(Failure.Receive, error.Message, error);
    }

    private ToolException Translate(HttpRequestException error, Exception cause) => _trail.Distrust is { } distrust
        ? new ToolException(
            Failure.Certificate, $"{distrust} --cacert FILE says whom to trust, -k that any certificate will do.",
            error)
        : new ToolException(
            Failure.Tls, $"The TLS handshake with {wishes.Url.IdnHost} failed: {cause.Message}", error);
}
