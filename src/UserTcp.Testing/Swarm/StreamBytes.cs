using System.Buffers.Binary;

namespace UserTcp.Testing.Swarm;

/// <summary>
/// Streams whose every byte is a hash of the stream's number and its position: what arrives is checked without having
/// been kept, and a byte that lands in the wrong place or stream is noticed.
/// </summary>
internal static class StreamBytes
{
    private const int WordBytes = sizeof(ulong);

    /// <summary>Writes the bytes of a stream from a position on.</summary>
    public static void Fill(Span<byte> bytes, ulong stream, long position)
    {
        Span<byte> word = stackalloc byte[WordBytes];
        while (!bytes.IsEmpty)
        {
            int count = WordAt(word, stream, position, bytes.Length, out int offset);
            word.Slice(offset, count).CopyTo(bytes);
            bytes = bytes[count..];
            position += count;
        }
    }

    /// <summary>The position of the first byte that is not the stream's; −1 if all are.</summary>
    public static long FindWrong(ReadOnlySpan<byte> bytes, ulong stream, long position)
    {
        Span<byte> word = stackalloc byte[WordBytes];
        while (!bytes.IsEmpty)
        {
            int count = WordAt(word, stream, position, bytes.Length, out int offset);
            int same = word.Slice(offset, count).CommonPrefixLength(bytes);
            if (same < count)
                return position + same;
            bytes = bytes[count..];
            position += count;
        }

        return -1;
    }

    // The word that the position lies in, and how many of its bytes from there on are wanted.
    private static int WordAt(Span<byte> word, ulong stream, long position, int wanted, out int offset)
    {
        ulong z = (ulong)position / WordBytes * 0x9e37_79b9_7f4a_7c15 ^ stream * 0xd6e8_feb8_6659_fd93;
        z = (z ^ (z >> 32)) * 0xbf58_476d_1ce4_e5b9;
        BinaryPrimitives.WriteUInt64LittleEndian(word, z ^ (z >> 29));
        offset = (int)((ulong)position % WordBytes);
        return Math.Min(WordBytes - offset, wanted);
    }
}
