using System.Buffers;
using System.Globalization;
using System.IO.Pipelines;

namespace HttpGet.Http;

/// <summary>Copies a body, without its framing, to where it belongs.</summary>
internal sealed class HttpBodyReader(HttpInput input, HttpLimits limits, BodySink sink)
{
    /// <summary>Copies the whole body.</summary>
    /// <param name="body">How its end is known.</param>
    /// <exception cref="GetException">It ended early, broke, was malformed, or could not be written.</exception>
    public ValueTask CopyAsync(HttpBodyExtent body) => body.Kind switch
    {
        HttpBodyKind.None => ValueTask.CompletedTask,
        HttpBodyKind.Length => CopyExactlyAsync(body.Length),
        HttpBodyKind.Chunked => CopyChunksAsync(),
        _ => CopyToEndAsync(),
    };

    private async ValueTask CopyToEndAsync()
    {
        ReadResult read;
        do
        {
            read = await input.ReadAsync();
            await sink.WriteAsync(read.Buffer);
            input.AdvanceTo(read.Buffer.End);
        }
        while (!read.IsCompleted);
    }

    private async ValueTask CopyExactlyAsync(long length)
    {
        for (long left = length; left > 0;)
        {
            ReadResult read = await input.ReadAsync();
            ReadOnlySequence<byte> piece = read.Buffer.Slice(0, Math.Min(left, read.Buffer.Length));
            left -= piece.Length;
            await sink.WriteAsync(piece);
            input.AdvanceTo(piece.End);
            if (read.IsCompleted && left > 0)
                throw CutShort(left);
        }
    }

    /// <summary>RFC 9112 §7.1. Chunk extensions and trailers are read, held to the limits, and ignored.</summary>
    private async ValueTask CopyChunksAsync()
    {
        while (await ReadChunkSizeAsync() is > 0 and long size)
        {
            await CopyExactlyAsync(size);
            string end = await input.ReadLineAsync(limits.LineBytes) ?? throw CutShort();
            if (end.Length > 0)
                throw Malformed();
        }

        if (await HttpHeadReader.ReadFieldsAsync(input, limits) is null)
            throw CutShort();
    }

    private async ValueTask<long> ReadChunkSizeAsync()
    {
        string line = await input.ReadLineAsync(limits.LineBytes) ?? throw CutShort();
        ReadOnlySpan<char> digits = line.AsSpan();
        int semicolon = digits.IndexOf(';');
        digits = (semicolon < 0 ? digits : digits[..semicolon]).TrimEnd(" \t");
        if (!long.TryParse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out long size)
            || size < 0)
            throw Malformed();

        return size;
    }

    private static GetException CutShort(long missing = 0) => new(
        ExitCode.CutShort,
        missing > 0
            ? $"The connection ended in the middle of the body: {missing:N0} bytes are missing."
            : "The connection ended in the middle of the body.");

    private static GetException Malformed() => new(ExitCode.ReceiveFailed, "The server sent a malformed chunk.");
}
