using System.Buffers.Binary;
using UserTcp.Primitives;

namespace UserTcp.Wire;

internal enum ArpOperation : ushort
{
    Request = 1,
    Reply = 2,
}

/// <summary>An ARP packet that maps IPv4 to Ethernet addresses (RFC 826), as values.</summary>
internal readonly record struct ArpPacket(
    ArpOperation Operation,
    MacAddress SenderMac,
    HostAddress SenderAddress,
    MacAddress TargetMac,
    HostAddress TargetAddress)
{
    public const int Size = 28;

    private const ushort EthernetHardware = 1;

    /// <summary>Whether a host asks if the target address is in use, before it claims it (RFC 5227 §1.1).</summary>
    public bool IsProbe => Operation == ArpOperation.Request && SenderAddress.IsUnspecified;

    /// <summary>
    /// Whether the sender tells of itself: an announcement, or what is called gratuitous ARP (RFC 5227 §1.1, §3).
    /// </summary>
    public bool IsGratuitous => SenderAddress == TargetAddress && !SenderAddress.IsUnspecified;

    /// <summary>
    /// False if the packet is too short, not about IPv4 over Ethernet, or neither a request nor a reply.
    /// </summary>
    public static bool TryParse(ReadOnlySpan<byte> bytes, out ArpPacket packet)
    {
        packet = default;
        if (bytes.Length < Size
            || BinaryPrimitives.ReadUInt16BigEndian(bytes) != EthernetHardware
            || BinaryPrimitives.ReadUInt16BigEndian(bytes[2..]) != (ushort)EtherType.Ipv4
            || bytes[4] != MacAddress.Size
            || bytes[5] != sizeof(uint))
        {
            return false;
        }

        var operation = (ArpOperation)BinaryPrimitives.ReadUInt16BigEndian(bytes[6..]);
        packet = new ArpPacket(
            operation,
            new MacAddress(bytes[8..]),
            HostAddress.ReadV4(bytes[14..]),
            new MacAddress(bytes[18..]),
            HostAddress.ReadV4(bytes[24..]));
        return operation is ArpOperation.Request or ArpOperation.Reply;
    }

    /// <summary>Writes <see cref="Size"/> bytes.</summary>
    public void WriteTo(Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt16BigEndian(destination, EthernetHardware);
        BinaryPrimitives.WriteUInt16BigEndian(destination[2..], (ushort)EtherType.Ipv4);
        destination[4] = MacAddress.Size;
        destination[5] = sizeof(uint);
        BinaryPrimitives.WriteUInt16BigEndian(destination[6..], (ushort)Operation);
        SenderMac.CopyTo(destination[8..]);
        SenderAddress.WriteV4(destination[14..]);
        TargetMac.CopyTo(destination[18..]);
        TargetAddress.WriteV4(destination[24..]);
    }
}
