using System.Buffers.Binary;
using System.Globalization;
using PacketDotNet;

namespace UserTcp.Tool.Dump;

/// <summary>Whether the checksum of a TCP segment is right, in tcpdump's words.</summary>
internal static class ChecksumText
{
    private const int Tcp = 6, At = 16;

    /// <param name="ip">The header in front of it.</param>
    /// <param name="segment">The part of it that was kept.</param>
    /// <param name="length">Its whole length.</param>
    public static string Of(IPPacket ip, ReadOnlySpan<byte> segment, int length)
    {
        ushort found = BinaryPrimitives.ReadUInt16BigEndian(segment[At..]);
        string text = string.Create(CultureInfo.InvariantCulture, $", cksum 0x{found:x4}");
        if (segment.Length < length)
            return text; // cut

        byte[] source = ip.SourceAddress.GetAddressBytes(), destination = ip.DestinationAddress.GetAddressBytes();
        ulong sum = Sum(source) + Sum(destination) + Tcp + (ulong)length + Sum(segment[..length]) - found;
        while (sum >> 16 != 0)
            sum = (sum & 0xFFFF) + (sum >> 16);
        ushort right = (ushort)~sum;
        return found == right ? $"{text} (correct)"
            : string.Create(CultureInfo.InvariantCulture, $"{text} (incorrect -> 0x{right:x4})");
    }

    private static ulong Sum(ReadOnlySpan<byte> bytes)
    {
        ulong sum = 0;
        for (; bytes.Length > 1; bytes = bytes[2..])
            sum += BinaryPrimitives.ReadUInt16BigEndian(bytes);
        return bytes.IsEmpty ? sum : sum + ((ulong)bytes[0] << 8);
    }
}
