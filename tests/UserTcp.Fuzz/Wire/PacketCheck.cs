using UserTcp.Wire;

namespace UserTcp.Fuzz.Wire;

/// <summary>
/// Shows bytes to the parser of packets as IPv6, which a stack on Ethernet drops before: it must not throw, and a
/// packet must be the same if it is parsed again without what lay behind it.
/// </summary>
internal static class PacketCheck
{
    private const int MostBytes = 512;

    /// <param name="bytes">What follows the version, without a length that is true.</param>
    public static void Examine(ReadOnlySpan<byte> bytes)
    {
        Span<byte> packet = stackalloc byte[1 + MostBytes];
        bytes = bytes[..Math.Min(bytes.Length, MostBytes)];
        bytes.CopyTo(packet[1..]);
        packet[0] = 0x60;
        packet = packet[..(1 + bytes.Length)];
        Compare(packet);
        if (packet.Length < Ipv6Header.Size)
            return;

        packet[4] = (byte)((packet.Length - Ipv6Header.Size) >> 8);
        packet[5] = (byte)(packet.Length - Ipv6Header.Size);
        Compare(packet);
    }

    private static void Compare(ReadOnlySpan<byte> bytes)
    {
        if (!IpPacket.TryParse(bytes, out IpPacket first))
            return;

        bool isSame = IpPacket.TryParse(first.Packet, out IpPacket second)
            && second.TotalLength == first.TotalLength && second.HeaderLength == first.HeaderLength
            && second.Protocol == first.Protocol && second.FragmentOffset == first.FragmentOffset
            && IpPacket.TryParseQuote(bytes, out IpPacket quote) && quote.HeaderLength == first.HeaderLength;
        if (!isSame || first.HeaderLength + first.Payload.Length != first.TotalLength)
            throw new FuzzViolationException("A packet of IPv6 was parsed in two ways.");
    }
}
