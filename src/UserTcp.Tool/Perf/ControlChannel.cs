using System.Buffers;
using System.Buffers.Binary;
using System.IO.Pipelines;
using System.Text;

namespace UserTcp.Tool.Perf;

/// <summary>The control connection of a test: states of a byte, and JSON behind its length.</summary>
internal sealed class ControlChannel : IAsyncDisposable
{
    private const int MaxJsonBytes = 1024 * 1024;
    private static readonly TimeSpan s_goodbye = TimeSpan.FromSeconds(1);

    // Between start and end nobody says anything here, and a client that has vanished must not keep the server busy.
    private static readonly UserTcpKeepAliveOptions s_keepAlive = new()
    {
        Time = TimeSpan.FromSeconds(30), Interval = TimeSpan.FromSeconds(5), RetryCount = 6,
    };

    private readonly UserTcpConnection _connection;

    public ControlChannel(UserTcpConnection connection)
    {
        _connection = connection;
        connection.NoDelay = true;
        connection.KeepAlive = s_keepAlive;
    }

    public UserTcpConnection Connection => _connection;

    public async Task SendAsync(PerfState state, CancellationToken cancellationToken) =>
        await WriteAsync(new[] { (byte)state }, cancellationToken);

    /// <summary>A last word, if the other side still takes one. The disposal sends what is not sent by then.</summary>
    /// <param name="state">The word.</param>
    /// <param name="longest">How long it waits for room; null for a second.</param>
    public async Task SayGoodbyeAsync(PerfState state, TimeSpan? longest = null)
    {
        using var patience = new CancellationTokenSource(longest ?? s_goodbye);
        try
        {
            _connection.Output.Write([(byte)state]); // also if there was no processor for a second
            await _connection.Output.FlushAsync(patience.Token);
        }
        catch (Exception error) when (error is IOException or OperationCanceledException)
        {
            // It is gone, and we were going.
        }
    }

    /// <exception cref="ToolException">The connection ended.</exception>
    public async Task<PerfState> ReadStateAsync(CancellationToken cancellationToken) =>
        (PerfState)(sbyte)(await ReadAsync(1, cancellationToken))[0];

    /// <summary>Reads a state, which has to be the one that comes next.</summary>
    /// <exception cref="ToolException">It is another one, or the connection ended.</exception>
    public async Task ExpectAsync(PerfState expected, CancellationToken cancellationToken)
    {
        PerfState state = await ReadStateAsync(cancellationToken);
        if (state == PerfState.ClientTerminate)
            throw new ToolException(Failure.Receive, "The client has given up.");
        if (state != expected)
            throw new ToolException(Failure.Receive, $"{expected} was to come, and {state} came.");
    }

    public async Task SendTextAsync(string text, CancellationToken cancellationToken)
    {
        byte[] bytes = new byte[sizeof(int) + Encoding.UTF8.GetByteCount(text)];
        Encoding.UTF8.GetBytes(text, bytes.AsSpan(sizeof(int)));
        BinaryPrimitives.WriteInt32BigEndian(bytes, bytes.Length - sizeof(int));
        await WriteAsync(bytes, cancellationToken);
    }

    /// <exception cref="ToolException">It is too long, or the connection ended.</exception>
    public async Task<string> ReadTextAsync(CancellationToken cancellationToken)
    {
        int length = await ReadNumberAsync(cancellationToken);
        if (length is < 0 or > MaxJsonBytes)
            throw new ToolException(Failure.Receive, $"The other side sends {length} bytes of JSON.");

        return Encoding.UTF8.GetString(await ReadAsync(length, cancellationToken));
    }

    /// <exception cref="ToolException">The connection ended.</exception>
    public async Task<int> ReadNumberAsync(CancellationToken cancellationToken) =>
        BinaryPrimitives.ReadInt32BigEndian(await ReadAsync(sizeof(int), cancellationToken));

    /// <summary>Tells a client that its test cannot be done here.</summary>
    public async Task SendErrorAsync(PerfError error, CancellationToken cancellationToken)
    {
        byte[] bytes = new byte[1 + 2 * sizeof(int)];
        bytes[0] = unchecked((byte)PerfState.ServerError);
        BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(1), (int)error);
        await WriteAsync(bytes, cancellationToken);
    }

    public async Task SendCookieAsync(string cookie, CancellationToken cancellationToken) =>
        await WriteAsync(PerfCookie.ToBytes(cookie), cancellationToken);

    /// <exception cref="ToolException">The connection ended.</exception>
    public async Task<string> ReadCookieAsync(CancellationToken cancellationToken) =>
        PerfCookie.Parse(await ReadAsync(PerfCookie.Size, cancellationToken));

    public ValueTask DisposeAsync() => _connection.DisposeAsync();

    private async Task WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        FlushResult result = await _connection.Output.WriteAsync(bytes, cancellationToken);
        if (result.IsCompleted)
            throw Ended();
    }

    private async Task<byte[]> ReadAsync(int count, CancellationToken cancellationToken)
    {
        try
        {
            if (count == 0)
                return [];

            ReadResult result = await _connection.Input.ReadAtLeastAsync(count, cancellationToken);
            if (result.Buffer.Length < count)
                throw Ended();

            ReadOnlySequence<byte> wanted = result.Buffer.Slice(0, count);
            byte[] bytes = wanted.ToArray();
            _connection.Input.AdvanceTo(wanted.End);
            return bytes;
        }
        catch (IOException error)
        {
            throw new ToolException(Failure.Receive, $"The control connection broke: {error.Message}", error);
        }
    }

    private static ToolException Ended() =>
        new(Failure.Receive, "The other side closed the control connection unexpectedly.");
}
