using System.Buffers.Binary;

namespace UserTcp.Wire;

/// <summary>The protocol of an Ethernet II frame.</summary>
internal enum EtherType : ushort
{
    /// <summary>The first value that is a type; below it the field is a length and the frame is IEEE 802.3.</summary>
    First = 0x0600,

    Ipv4 = 0x0800,

    Arp = 0x0806,

    /// <summary>An IEEE 802.1Q tag follows.</summary>
    Vlan = 0x8100,

    Ipv6 = 0x86dd,
}

/// <summary>The header of an Ethernet II frame (RFC 894), a view over its 14 bytes and what follows.</summary>
internal readonly ref struct EthernetHeader
{
    public const int Size = 14;

    private readonly ReadOnlySpan<byte> _frame;

    private EthernetHeader(ReadOnlySpan<byte> frame) => _frame = frame;

    public MacAddress Destination => new(_frame);

    public MacAddress Source => new(_frame[MacAddress.Size..]);

    public EtherType EtherType => (EtherType)BinaryPrimitives.ReadUInt16BigEndian(_frame[12..]);

    /// <summary>Whether the type field is the length of an IEEE 802.3 frame, which carries no IP for us.</summary>
    public bool IsLength => EtherType < EtherType.First;

    /// <summary>The payload, with padding to the least frame size.</summary>
    public ReadOnlySpan<byte> Payload => _frame[Size..];

    /// <summary>False for a frame too short for the header.</summary>
    public static bool TryParse(ReadOnlySpan<byte> frame, out EthernetHeader header)
    {
        header = frame.Length >= Size ? new(frame) : default;
        return frame.Length >= Size;
    }

    /// <summary>Writes <see cref="Size"/> bytes.</summary>
    public static void Write(Span<byte> destination, MacAddress to, MacAddress from, EtherType type)
    {
        BinaryPrimitives.WriteUInt16BigEndian(destination[12..], (ushort)type);
        to.CopyTo(destination);
        from.CopyTo(destination[MacAddress.Size..]);
    }
}
