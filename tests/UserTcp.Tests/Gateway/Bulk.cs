using System.Buffers;
using System.IO.Pipelines;
using System.Net.Sockets;
using System.Security.Cryptography;

namespace UserTcp.Tests.Gateway;

/// <summary>Long streams that need no store to compare with: byte n is a function of the stream and n.</summary>
internal static class Bulk
{
    private const int Piece = 64 * 1024;

    public static byte[] HashOf(long length, byte stream)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] piece = new byte[Piece];
        for (long position = 0; position < length; position += Piece)
        {
            Span<byte> part = piece.AsSpan(0, (int)Math.Min(Piece, length - position));
            Fill(part, position, stream);
            hash.AppendData(part);
        }

        return hash.GetHashAndReset();
    }

    public static async Task SendAsync(Socket socket, long length, byte stream, CancellationToken cancellationToken)
    {
        byte[] piece = new byte[Piece];
        for (long position = 0; position < length; position += Piece)
        {
            Memory<byte> part = piece.AsMemory(0, (int)Math.Min(Piece, length - position));
            Fill(part.Span, position, stream);
            for (Memory<byte> left = part; !left.IsEmpty;)
                left = left[await socket.SendAsync(left, cancellationToken)..];
        }
    }

    public static async Task SendAsync(PipeWriter output, long length, byte stream, Action<long>? onFlushed = null)
    {
        for (long position = 0; position < length;)
        {
            Memory<byte> memory = output.GetMemory(Piece);
            int part = (int)Math.Min(Math.Min(Piece, memory.Length), length - position);
            Fill(memory.Span[..part], position, stream);
            output.Advance(part);
            position += part;
            FlushResult flushed = await output.FlushAsync();
            Assert.False(flushed.IsCompleted, "The connection ended while bytes were written.");
            onFlushed?.Invoke(position);
        }
    }

    /// <summary>Reads to the end.</summary>
    public static async Task<byte[]> ReceiveAsync(Socket socket, CancellationToken cancellationToken)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] piece = new byte[Piece];
        int read;
        while ((read = await socket.ReceiveAsync(piece, cancellationToken)) > 0)
            hash.AppendData(piece, 0, read);

        return hash.GetHashAndReset();
    }

    /// <summary>Reads to the end.</summary>
    public static async Task<byte[]> ReceiveAsync(PipeReader input, Action<long>? onRead = null)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        long total = 0;
        while (true)
        {
            ReadResult read = await input.ReadAsync();
            foreach (ReadOnlyMemory<byte> piece in read.Buffer)
                hash.AppendData(piece.Span);

            total += read.Buffer.Length;
            onRead?.Invoke(total);
            input.AdvanceTo(read.Buffer.End);
            if (read.IsCompleted)
                return hash.GetHashAndReset();
        }
    }

    private static void Fill(Span<byte> part, long position, byte stream)
    {
        for (int i = 0; i < part.Length; i++)
        {
            long n = position + i;
            part[i] = (byte)((n * 31) ^ (n >> 8) ^ (n >> 16) ^ stream);
        }
    }
}
