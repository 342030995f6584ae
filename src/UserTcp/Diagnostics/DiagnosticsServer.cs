using System.Buffers;
using System.Net.Sockets;
using System.Text.Json;
using Microsoft.Extensions.Logging;

namespace UserTcp.Diagnostics;

/// <summary>
/// Answers on a Unix domain socket. Clients are programs of the same user, and may be broken: each has a few seconds to
/// ask and to take the answer, and there are few at a time.
/// </summary>
internal sealed class DiagnosticsServer : IAsyncDisposable
{
    /// <summary>Clients at a time; more are told that it is busy.</summary>
    public const int MaxClients = 8;

    /// <summary>The longest request.</summary>
    public const int MaxRequestBytes = 1024;

    private const int Queue = 128;
    private const int FlushBytes = 32 << 10;
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>How long a client may take to send its request, or to read 32 KiB of the answer.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan s_pauseAfterFailure = TimeSpan.FromMilliseconds(100);

    private readonly Socket _listener;
    private readonly string _path;
    private readonly Func<IEnumerable<DiagnosticsLine>> _answer;
    private readonly ILogger _logger;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _stop = new();
    private readonly HashSet<Task> _sessions = [];
    private readonly Task _accepting;

    private DiagnosticsServer(
        Socket listener, string path, Func<IEnumerable<DiagnosticsLine>> answer, ILogger logger, TimeProvider time)
    {
        _listener = listener;
        _path = path;
        _answer = answer;
        _logger = logger;
        _time = time;
        _accepting = AcceptAsync();
    }

    /// <summary>Listens at a path, in a folder that is prepared.</summary>
    /// <param name="path">Replaced if it is there: it names this process.</param>
    /// <param name="answer">Makes the lines of an answer, as they are sent; called by any thread.</param>
    /// <param name="logger">Takes what should not happen.</param>
    /// <param name="time">The clock of the limits.</param>
    /// <exception cref="IOException">The socket cannot be made.</exception>
    public static DiagnosticsServer Start(
        string path, Func<IEnumerable<DiagnosticsLine>> answer, ILogger logger, TimeProvider time)
    {
        var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            Listen(listener, path);
            return new DiagnosticsServer(listener, path, answer, logger, time);
        }
        catch (SocketException error)
        {
            listener.Dispose();
            throw new IOException($"The diagnostics socket '{path}' cannot be made: {error.Message}", error);
        }
        catch
        {
            listener.Dispose();
            throw;
        }
    }

    /// <summary>Stops listening, removes the socket, ends the sessions and waits for them.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        try
        {
            File.Delete(_path);
        }
        catch (DirectoryNotFoundException)
        {
            // Somebody has removed the folder, and the socket with it.
        }

        _listener.Dispose();
        await _accepting.ConfigureAwait(false);
        Task[] rest;
        lock (_sessions)
            rest = [.. _sessions];
        await Task.WhenAll(rest).ConfigureAwait(false);
    }

    // Others look for sockets that nobody listens on, and remove them: so it gets its name when it listens.
    private static void Listen(Socket listener, string path)
    {
        if (OperatingSystem.IsWindows())
        {
            File.Delete(path);
            listener.Bind(new UnixDomainSocketEndPoint(path));
            listener.Listen(Queue);
            return;
        }

        string early = path + "~";
        File.Delete(early);
        listener.Bind(new UnixDomainSocketEndPoint(early));
        File.SetUnixFileMode(early, OwnerOnly);
        listener.Listen(Queue);
        File.Move(early, path, overwrite: true);
    }

    private async Task AcceptAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                Begin(await _listener.AcceptAsync(_stop.Token).ConfigureAwait(false));
            }
            catch (Exception error) when (error is OperationCanceledException or ObjectDisposedException)
            {
                return;
            }
            catch (SocketException error)
            {
                // No descriptors, for instance: connections wait in the queue meanwhile.
                LogMessages.DiagnosticsAcceptFailed(_logger, error, _path);
                await Task.Delay(s_pauseAfterFailure, _time, _stop.Token)
                    .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private void Begin(Socket client)
    {
        lock (_sessions)
        {
            bool isServed = _sessions.Count < MaxClients;
            Task session = Task.Run(() => isServed ? ServeAsync(client) : RefuseAsync(client));
            if (!isServed)
                return;

            _sessions.Add(session);
            _ = session.ContinueWith(
                static (ended, set) =>
                {
                    lock (set!)
                        ((HashSet<Task>)set).Remove(ended);
                },
                _sessions, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        }
    }

    private async Task RefuseAsync(Socket client)
    {
        using (client)
            await AttemptAsync(client, static (server, one) => server.SendErrorAsync(one, Busy)).ConfigureAwait(false);
    }

    private const string Busy = "The endpoint serves as many clients as it may: try again.";

    private async Task ServeAsync(Socket client)
    {
        using (client)
            await AttemptAsync(client, static (server, one) => server.AnswerAsync(one)).ConfigureAwait(false);
    }

    private async Task AttemptAsync(Socket client, Func<DiagnosticsServer, Socket, Task> serve)
    {
        try
        {
            await serve(this, client).ConfigureAwait(false);
        }
        catch (Exception error) when (error is SocketException or OperationCanceledException)
        {
            // The client is gone or too slow, or the endpoint ends: there is nobody to tell.
        }
        catch (Exception error)
        {
            LogMessages.DiagnosticsSessionFailed(_logger, error, _path);
        }
    }

    private async Task AnswerAsync(Socket client)
    {
        byte[] request = new byte[MaxRequestBytes];
        int length = await ReadLineAsync(client, request).ConfigureAwait(false);
        if (length < 0)
            return; // it has gone without a question: somebody looked whether we are alive

        if (ProblemOf(request.AsSpan(0, length)) is { } problem)
        {
            await SendErrorAsync(client, problem).ConfigureAwait(false);
            return;
        }

        var buffer = new ArrayBufferWriter<byte>(FlushBytes);
        foreach (DiagnosticsLine line in _answer())
        {
            Write(buffer, line);
            if (buffer.WrittenCount < FlushBytes)
                continue;

            await SendAsync(client, buffer.WrittenMemory).ConfigureAwait(false);
            buffer.ResetWrittenCount();
        }

        await SendAsync(client, buffer.WrittenMemory).ConfigureAwait(false);
    }

    private static string? ProblemOf(ReadOnlySpan<byte> line)
    {
        try
        {
            DiagnosticsRequest? request = JsonSerializer.Deserialize(line, DiagnosticsJson.Default.DiagnosticsRequest);
            if (request?.Version != DiagnosticsProtocol.Version)
                return $"Version {request?.Version} is not spoken here, but {DiagnosticsProtocol.Version}.";
            return request.Query == DiagnosticsProtocol.Sockets
                ? null : $"There is no query '{request.Query}', but '{DiagnosticsProtocol.Sockets}'.";
        }
        catch (JsonException)
        {
            return "The request is no JSON object in one line.";
        }
    }

    // The length of the line; -1 if the client ended before, or the buffer if no line ends in it.
    private async Task<int> ReadLineAsync(Socket client, byte[] buffer)
    {
        using CancellationTokenSource limit = Limit();
        using CancellationTokenSource either =
            CancellationTokenSource.CreateLinkedTokenSource(limit.Token, _stop.Token);
        int length = 0;
        while (length < buffer.Length)
        {
            int read = await client.ReceiveAsync(buffer.AsMemory(length), either.Token).ConfigureAwait(false);
            if (read == 0)
                return -1;

            int end = buffer.AsSpan(length, read).IndexOf((byte)'\n');
            if (end >= 0)
                return length + end;

            length += read;
        }

        return length;
    }

    private async Task SendAsync(Socket client, ReadOnlyMemory<byte> bytes)
    {
        using CancellationTokenSource limit = Limit();
        using CancellationTokenSource either =
            CancellationTokenSource.CreateLinkedTokenSource(limit.Token, _stop.Token);
        while (!bytes.IsEmpty)
        {
            bytes = bytes[await client.SendAsync(bytes, either.Token).ConfigureAwait(false)..];
        }
    }

    private Task SendErrorAsync(Socket client, string problem)
    {
        var buffer = new ArrayBufferWriter<byte>();
        Write(buffer, new DiagnosticsLine { Error = problem });
        return SendAsync(client, buffer.WrittenMemory);
    }

    private static void Write(ArrayBufferWriter<byte> buffer, DiagnosticsLine line)
    {
        using (var writer = new Utf8JsonWriter(buffer))
            JsonSerializer.Serialize(writer, line, DiagnosticsJson.Default.DiagnosticsLine);
        buffer.Write("\n"u8);
    }

    private CancellationTokenSource Limit() => new(Patience, _time);
}
