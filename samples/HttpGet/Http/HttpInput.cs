using System.Buffers;
using System.IO.Pipelines;
using System.Text;

namespace HttpGet.Http;

/// <summary>
/// The receiving half of one exchange: lines and bytes straight out of the connection's buffers, with a limit on how
/// long the server may stay silent. Failures come out as <see cref="GetException"/>.
/// </summary>
internal sealed class HttpInput(PipeReader pipe, TimeSpan silence, CancellationToken cancellationToken)
{
    /// <summary>Whether the server has sent anything at all.</summary>
    public bool HasReceived { get; private set; }

    /// <summary>Waits for bytes that have not been examined yet, or the end.</summary>
    public async ValueTask<ReadResult> ReadAsync()
    {
        try
        {
            if (!pipe.TryRead(out ReadResult read))
                read = await WaitAsync();

            HasReceived |= !read.Buffer.IsEmpty;
            return read;
        }
        catch (IOException error)
        {
            throw GetException.Broken("its answer was received", error);
        }
    }

    /// <summary>Ends what <see cref="ReadAsync"/> began.</summary>
    public void AdvanceTo(SequencePosition consumed) => pipe.AdvanceTo(consumed);

    /// <summary>Takes one line, ended by CRLF or (RFC 9112 §2.2 allows it) a bare LF.</summary>
    /// <param name="limit">The longest line accepted, in bytes.</param>
    /// <returns>
    /// The line without its end, one character for each byte; null if the connection ended before it.
    /// </returns>
    public async ValueTask<string?> ReadLineAsync(int limit)
    {
        while (true)
        {
            ReadResult read = await ReadAsync();
            ReadOnlySequence<byte> buffer = read.Buffer;
            SequencePosition? end = buffer.PositionOf((byte)'\n');
            long length = end is { } lineFeed ? buffer.Slice(0, lineFeed).Length : buffer.Length;

            // One more for the CR.
            if (length > limit + 1)
                throw new GetException(ExitCode.ReceiveFailed, $"The server sent a line of more than {limit} bytes.");

            if (end is { } found)
            {
                string line = Decode(buffer.Slice(0, found));
                pipe.AdvanceTo(buffer.GetPosition(1, found));
                return line;
            }

            pipe.AdvanceTo(buffer.Start, buffer.End);
            if (read.IsCompleted)
                return null;
        }
    }

    private async ValueTask<ReadResult> WaitAsync()
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(silence);
        try
        {
            return await pipe.ReadAsync(patience.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new GetException(ExitCode.TimedOut, $"The server sent nothing for {silence.TotalSeconds:0.###} s.");
        }
    }

    private static string Decode(in ReadOnlySequence<byte> bytes)
    {
        string line = Encoding.Latin1.GetString(bytes);
        line = line.EndsWith('\r') ? line[..^1] : line;
        if (line.AsSpan().ContainsAny('\r', '\0'))
            throw new GetException(ExitCode.ReceiveFailed, "The server sent a stray carriage return or a zero byte.");

        return line;
    }
}
