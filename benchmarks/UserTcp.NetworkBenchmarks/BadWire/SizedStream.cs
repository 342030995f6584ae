using System.Buffers.Binary;
using System.Net.Sockets;

namespace UserTcp.NetworkBenchmarks.BadWire;

/// <summary>
/// The protocol that is measured: the client asks for a number of bytes in eight, the server sends them and its FIN.
/// </summary>
internal static class SizedStream
{
    private const int PieceBytes = 64 << 10;
    private static readonly byte[] s_piece = new byte[PieceBytes];

    /// <summary>Answers one request; a client that has enough and resets is no failure.</summary>
    public static async Task ServeAsync(Stream stream)
    {
        try
        {
            byte[] request = new byte[sizeof(long)];
            await stream.ReadExactlyAsync(request);
            for (long left = BinaryPrimitives.ReadInt64LittleEndian(request); left > 0; left -= PieceBytes)
            {
                await stream.WriteAsync(s_piece.AsMemory(0, (int)Math.Min(left, PieceBytes)));
            }
        }
        catch (IOException e) when (e.InnerException is SocketException)
        {
            // The client has enough.
        }
    }

    /// <summary>Takes bytes until there are no more, or until the time is over.</summary>
    /// <returns>How many came.</returns>
    public static async Task<long> FetchAsync(Stream stream, long bytes, CancellationToken enough)
    {
        byte[] request = new byte[sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(request, bytes);
        byte[] buffer = new byte[PieceBytes];
        long taken = 0;
        try
        {
            await stream.WriteAsync(request, enough);
            while (taken < bytes)
            {
                int read = await stream.ReadAsync(buffer, enough);
                if (read == 0)
                    throw new EndOfStreamException($"The FIN came after {taken} of {bytes} bytes.");
                taken += read;
            }
        }
        catch (OperationCanceledException) when (enough.IsCancellationRequested)
        {
            // What came in time counts.
        }

        return taken;
    }
}
