namespace UserTcp.Tool.Trace;

/// <summary>A header that was found in a frame, whole.</summary>
/// <param name="Kind">Its kind.</param>
/// <param name="Offset">Where it begins, in octets from the beginning of the frame.</param>
/// <param name="Number">The Ethernet type of the rest, or the length of an IP packet's content.</param>
internal readonly record struct FrameHeader(HeaderKind Kind, int Offset, int Number)
{
    /// <summary>The header that begins where a part of a frame does.</summary>
    public static FrameHeader At(
        ReadOnlySpan<byte> frame, ReadOnlySpan<byte> part, HeaderKind kind, int number) =>
        new(kind, frame.Overlaps(part, out int offset) ? offset : frame.Length, number);
}

/// <summary>The kinds of <see cref="FrameHeader"/>.</summary>
internal enum HeaderKind
{
    Ethernet,
    Vlan,
    LinuxCooked,
    LinuxCooked2,
    Pppoe,
    Mpls,
    Gre,
    Ipv4,
    Ipv6,

    /// <summary>The rest of a frame, of an Ethernet type that holds no IP.</summary>
    EtherType,
}
