using UserTcp.Wire;

namespace UserTcp.Links;

/// <summary>The formula of <see cref="Steering"/> for frames, whose headers may lie in several pieces.</summary>
internal static class FrameSteering
{
    private const int MostLinkHeader = EthernetHeader.Size;
    private const int Ports = 2 * sizeof(ushort);
    private const int MostV4 = 60 + Ports;
    private const int MostV6 = Ipv6Header.Size + Ipv6Extensions.Unit + Ports;

    /// <summary>The number of the shard that wants the frame.</summary>
    /// <param name="steering">The receiver's formula.</param>
    /// <param name="frame">As it is sent.</param>
    /// <param name="linkHeader">The length of its link header, in bytes.</param>
    public static int ShardOf(this in Steering steering, in TxFrame frame, int linkHeader)
    {
        ReadOnlySpan<byte> header = frame.Header;
        if (header.Length > linkHeader && header.Length >= linkHeader + Needed(header[linkHeader]))
            return steering.ShardOf(header[linkHeader..]);

        Span<byte> start = stackalloc byte[MostLinkHeader + MostV4];
        int length = Copy(header, start, 0);
        length = Copy(frame.Payload1, start, length);
        length = Copy(frame.Payload2, start, length);
        return length > linkHeader ? steering.ShardOf(start[linkHeader..length]) : 0;
    }

    private static int Needed(byte first) => first >> 4 == 4 ? ((first & 15) * sizeof(uint)) + Ports : MostV6;

    private static int Copy(ReadOnlySpan<byte> piece, Span<byte> destination, int at)
    {
        int length = Math.Min(piece.Length, destination.Length - at);
        piece[..length].CopyTo(destination[at..]);
        return at + length;
    }
}
