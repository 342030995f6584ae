using System.Buffers;

namespace HttpGet.Http;

/// <summary>Where a body goes. A failure to write is told from a failure to read here.</summary>
internal sealed class BodySink(Stream destination, Action<long>? progress, CancellationToken cancellationToken)
{
    /// <summary>Bytes written so far.</summary>
    public long Written { get; private set; }

    public async ValueTask WriteAsync(ReadOnlySequence<byte> bytes)
    {
        try
        {
            foreach (ReadOnlyMemory<byte> piece in bytes)
                await destination.WriteAsync(piece, cancellationToken);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            throw CannotWrite(error);
        }

        Written += bytes.Length;
        progress?.Invoke(Written);
    }

    /// <summary>Writes what the destination still holds back.</summary>
    public async ValueTask FlushAsync()
    {
        try
        {
            await destination.FlushAsync(cancellationToken);
        }
        catch (IOException error)
        {
            throw CannotWrite(error);
        }
    }

    private static GetException CannotWrite(Exception error) =>
        new(ExitCode.CannotWrite, $"The body cannot be written: {error.Message}", error);
}
