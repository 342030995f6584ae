namespace UserTcp.Tool.Trace;

/// <summary>What the bytes of a frame begin with; numbers of the pcap formats.</summary>
internal enum LinkType
{
    Null = 0,
    Ethernet = 1,
    RawBsd = 12,
    Raw = 101,
    Loop = 108,
    LinuxCooked = 113,
    Ipv4 = 228,
    Ipv6 = 229,
    LinuxCooked2 = 276,
}

/// <summary>A frame of a capture file.</summary>
/// <param name="Nanoseconds">When, since 1970.</param>
/// <param name="Link">What it begins with.</param>
/// <param name="Bytes">What was kept of it.</param>
internal readonly record struct CapturedFrame(long Nanoseconds, LinkType Link, ReadOnlyMemory<byte> Bytes);
