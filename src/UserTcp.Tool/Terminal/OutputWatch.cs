using System.Text;

namespace UserTcp.Tool.Terminal;

/// <summary>
/// Text whose destination may fail, by any thread that has something to tell. The first failure is kept, the rest of
/// the text goes nowhere, and the command is asked to end: nobody hears of it any more. Thread-safe.
/// </summary>
internal sealed class OutputWatch : IDisposable
{
    private const int BrokenPipe = 32; // EPIPE, on Linux and macOS alike
    private readonly CancellationTokenSource _failed = new();
    private Exception? _error;

    /// <summary>Cancelled by the first failure.</summary>
    public CancellationToken Failed => _failed.Token;

    /// <summary>What was wrong; null if nothing was.</summary>
    public Exception? Error => Volatile.Read(ref _error);

    /// <summary>Text to a stream, which is not disposed of.</summary>
    public TextWriter WriteTo(Stream stream, Encoding encoding) => TextWriter.Synchronized(
        new StreamWriter(new Watched(this, stream), encoding) { AutoFlush = true });

    /// <summary>
    /// What a failed write means. That nobody reads (<c>| head</c>) is no error but the end.
    /// </summary>
    public static ToolException FailureOf(Exception error) =>
        error is IOException { HResult: BrokenPipe } && !OperatingSystem.IsWindows()
            ? new ToolException(Failure.OutputClosed, error.Message, error)
            : new ToolException(Failure.Write, $"The standard output cannot be written: {error.Message}", error);

    public void Dispose() => _failed.Dispose();

    private void Report(Exception error)
    {
        // Not Cancel: what waits for it would run here, under whatever locks the writer holds.
        if (Interlocked.CompareExchange(ref _error, error, null) is null)
            _ = _failed.CancelAsync();
    }

    private sealed class Watched(OutputWatch watch, Stream stream) : Stream
    {
        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            if (watch.Error is not null)
                return;

            try
            {
                stream.Write(buffer);
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                watch.Report(error);
            }
        }

        public override void Flush()
        {
            // Neither console nor pipe has anything to flush.
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();
    }
}
