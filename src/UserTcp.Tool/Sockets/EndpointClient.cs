using System.Buffers;
using System.IO.Pipelines;
using System.Net.Sockets;
using System.Text.Json;

namespace UserTcp.Tool.Sockets;

/// <summary>Asks diagnostics endpoints for their listeners and connections.</summary>
internal static class EndpointClient
{
    private const int MaxLineBytes = 64 << 10;

    /// <summary>How long an endpoint may be silent.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <summary>The sockets of the endpoints in folders, without those that ended processes left behind.</summary>
    public static IReadOnlyList<string> Find(IEnumerable<string> folders)
    {
        List<string> found = [];
        foreach (string folder in folders.Where(Directory.Exists))
        {
            found.AddRange(Directory.EnumerateFiles(folder, "*" + DiagnosticsFolder.Extension)
                .Where(path => !DiagnosticsFolder.IsStale(path)).Order(StringComparer.Ordinal));
        }

        return found;
    }

    /// <summary>Asks one endpoint.</summary>
    /// <exception cref="EndpointException">It cannot be reached, or did not answer as it should.</exception>
    public static async Task<EndpointReport> AskAsync(string path, CancellationToken cancellationToken)
    {
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        try
        {
            limit.CancelAfter(Patience);
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), limit.Token);
            await socket.SendAsync(Request(), limit.Token);
            await using var stream = new NetworkStream(socket, ownsSocket: false);
            return await ReadAsync(PipeReader.Create(stream), () => limit.CancelAfter(Patience), limit.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new EndpointException($"it said nothing for {Patience.TotalSeconds} s");
        }
        catch (Exception error) when (error is SocketException or IOException or JsonException or ArgumentException)
        {
            throw new EndpointException(error.Message);
        }
    }

    private static byte[] Request() =>
    [
        .. JsonSerializer.SerializeToUtf8Bytes(
            new DiagnosticsRequest { Version = DiagnosticsProtocol.Version, Query = DiagnosticsProtocol.Sockets },
            DiagnosticsJson.Default.DiagnosticsRequest),
        (byte)'\n',
    ];

    private static async Task<EndpointReport> ReadAsync(
        PipeReader reader, Action hasSpoken, CancellationToken cancellationToken)
    {
        var report = new EndpointReport();
        while (true)
        {
            ReadResult read = await reader.ReadAsync(cancellationToken);
            hasSpoken();
            ReadOnlySequence<byte> rest = read.Buffer;
            while (rest.PositionOf((byte)'\n') is { } end)
            {
                if (report.Take(Parse(rest.Slice(0, end))))
                    return report;

                rest = rest.Slice(rest.GetPosition(1, end));
            }

            if (rest.Length > MaxLineBytes)
                throw new EndpointException("its answer has a line without an end");
            if (read.IsCompleted)
                throw new EndpointException("its answer is not complete");
            reader.AdvanceTo(rest.Start, rest.End);
        }
    }

    private static DiagnosticsLine Parse(ReadOnlySequence<byte> line)
    {
        var reader = new Utf8JsonReader(line);
        return JsonSerializer.Deserialize(ref reader, DiagnosticsJson.Default.DiagnosticsLine)
            ?? throw new EndpointException("its answer has an empty line");
    }
}

/// <summary>An endpoint did not answer as it should.</summary>
internal sealed class EndpointException(string message) : Exception(message);

/// <summary>The answer of an endpoint.</summary>
internal sealed class EndpointReport
{
    private readonly List<ListenerLine> _listeners = [];
    private readonly List<ConnectionLine> _connections = [];
    private StackLine? _stack;

    public StackLine Stack => _stack ?? new StackLine();

    public IReadOnlyList<ListenerLine> Listeners => _listeners;

    public IReadOnlyList<ConnectionLine> Connections => _connections;

    /// <summary>Takes a line; true for the last one.</summary>
    /// <exception cref="EndpointException">It tells of an error, or the answer is not whole.</exception>
    public bool Take(DiagnosticsLine line)
    {
        if (line.Error is not null)
            throw new EndpointException(line.Error);

        _stack ??= line.Stack ?? throw new EndpointException("its answer does not begin with the stack");
        if (line.Listener is not null)
            _listeners.Add(line.Listener);
        if (line.Connection is not null)
            _connections.Add(line.Connection);
        return line.End is { } count && (count == _listeners.Count + _connections.Count
            ? true : throw new EndpointException("its answer is not complete"));
    }
}
