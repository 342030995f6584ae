using System.Buffers.Binary;

namespace UserTcp.Wire;

/// <summary>The end of a packet's extension headers.</summary>
/// <param name="Protocol">
/// The protocol of the payload; in a fragment, the first header of the part that was cut.
/// </param>
/// <param name="Offset">Where the payload begins, in bytes from the start of the packet.</param>
/// <param name="FragmentAt">Where the Fragment header of a fragment begins; 0 in a whole packet.</param>
internal readonly record struct Ipv6Chain(IpProtocol Protocol, int Offset, int FragmentAt);

/// <summary>
/// Steps over the extension headers of IPv6 (RFC 8200 §4). It finds the payload and judges no options: that is for the
/// one that takes the packet.
/// </summary>
internal static class Ipv6Extensions
{
    /// <summary>More headers than a sender has reason for; RFC 8504 §5.3 lets a host set a limit.</summary>
    public const int MaxHeaders = 16;

    /// <summary>The unit of all extension headers, and the smallest one.</summary>
    public const int Unit = 8;

    private const int FragmentField = 0xfff9; // offset and "more fragments", without the reserved bits
    private const byte Pad1 = 0;
    private const byte JumboPayload = 0xc2;

    /// <summary>
    /// False if the headers do not end within the packet, are too many, or if a hop-by-hop header is not the first.
    /// </summary>
    /// <param name="packet">The packet, from its fixed header on.</param>
    /// <param name="chain">The end of the headers.</param>
    public static bool TryWalk(ReadOnlySpan<byte> packet, out Ipv6Chain chain)
    {
        IpProtocol next = new Ipv6Header(packet).NextHeader;
        int at = Ipv6Header.Size;
        chain = default;
        for (int count = 0; IsExtension(next); count++)
        {
            ReadOnlySpan<byte> rest = packet[at..];
            bool isMisplaced = next == IpProtocol.HopByHop && count > 0;
            if (count == MaxHeaders || isMisplaced || rest.Length < Unit || rest.Length < LengthOf(next, rest))
                return false;

            bool isFragment = next == IpProtocol.Fragment && IsPart(rest);
            at += LengthOf(next, rest);
            next = (IpProtocol)rest[0];
            if (isFragment)
            {
                chain = new Ipv6Chain(next, at, at - Unit);
                return true;
            }
        }

        chain = new Ipv6Chain(next, at, 0);
        return true;
    }

    /// <summary>
    /// Finds the length in a hop-by-hop header (RFC 2675 §2): that of all that follows the fixed header. False if there
    /// is none, or if the length field could have said it.
    /// </summary>
    public static bool TryReadJumboLength(ReadOnlySpan<byte> hopByHop, out uint length)
    {
        length = 0;
        if (hopByHop.Length < Unit || hopByHop.Length < LengthOf(IpProtocol.HopByHop, hopByHop))
            return false;

        ReadOnlySpan<byte> options = hopByHop[2..LengthOf(IpProtocol.HopByHop, hopByHop)];
        while (!options.IsEmpty)
        {
            int size = options[0] == Pad1 ? 1 : options.Length < 2 ? int.MaxValue : 2 + options[1];
            if (size > options.Length)
                return false;
            if (options[0] == JumboPayload && size == 2 + sizeof(uint))
            {
                length = BinaryPrimitives.ReadUInt32BigEndian(options[2..]);
                return length > Ipv6Header.MaxPayloadBytes;
            }

            options = options[size..];
        }

        return false;
    }

    private static bool IsExtension(IpProtocol next) =>
        next is IpProtocol.HopByHop or IpProtocol.Routing or IpProtocol.Fragment or IpProtocol.DestinationOptions;

    private static int LengthOf(IpProtocol kind, ReadOnlySpan<byte> header) =>
        kind == IpProtocol.Fragment ? Unit : (header[1] + 1) * Unit;

    // RFC 6946: a fragment that is the whole packet is taken as if it had no Fragment header.
    private static bool IsPart(ReadOnlySpan<byte> fragment) =>
        (BinaryPrimitives.ReadUInt16BigEndian(fragment[2..]) & FragmentField) != 0;
}
