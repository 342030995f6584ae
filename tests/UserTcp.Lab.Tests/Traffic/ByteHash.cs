using System.Buffers;
using System.IO.Pipelines;
using System.Security.Cryptography;

namespace UserTcp.Lab.Tests.Traffic;

/// <summary>SHA-256 of bytes as they come out of a pipe.</summary>
internal static class ByteHash
{
    /// <summary>Takes exactly so many bytes; throws if the pipe ends before.</summary>
    /// <returns>The hash, in hexadecimal digits.</returns>
    public static async Task<string> OfAsync(PipeReader input, long length, CancellationToken cancellationToken)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        for (long left = length; left > 0;)
        {
            ReadResult read = await input.ReadAsync(cancellationToken);
            ReadOnlySequence<byte> piece = read.Buffer.Slice(0, Math.Min(left, read.Buffer.Length));
            left -= piece.Length;
            Append(hash, piece);
            input.AdvanceTo(piece.End);
            if (read.IsCompleted && left > 0)
                throw new InvalidDataException($"The connection ended {left:N0} bytes before the end of {length:N0}.");
        }

        return Convert.ToHexString(hash.GetHashAndReset());
    }

    /// <summary>Waits for the end of the pipe; throws if bytes come before it.</summary>
    public static async Task EndAsync(PipeReader input, CancellationToken cancellationToken)
    {
        ReadResult read = await input.ReadAsync(cancellationToken);
        long extra = read.Buffer.Length;
        input.AdvanceTo(read.Buffer.End);
        if (extra > 0 || !read.IsCompleted)
            throw new InvalidDataException($"{extra:N0} bytes came where the connection should have ended.");
    }

    private static void Append(IncrementalHash hash, ReadOnlySequence<byte> bytes)
    {
        foreach (ReadOnlyMemory<byte> piece in bytes)
            hash.AppendData(piece.Span);
    }
}
