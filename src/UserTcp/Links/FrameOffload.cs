using System.Runtime.InteropServices;

namespace UserTcp.Links;

/// <summary>
/// What is left to do on a frame, or was done to it: the ten bytes of <c>virtio_net_hdr</c>, in host byte order, so
/// that devices which speak virtio pass it through untouched.
/// </summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public readonly record struct FrameOffload
{
    /// <summary>The size of the structure in memory, in bytes.</summary>
    public const int Size = 10;

    /// <summary>The checksum field holds only the sum of the pseudo-header; the device has to finish it.</summary>
    public const byte NeedsChecksum = 1;

    /// <summary>The device has verified the checksum.</summary>
    public const byte DataValid = 2;

    /// <summary>The frame is one segment.</summary>
    public const byte GsoNone = 0;

    /// <summary>The frame is a TCP over IPv4 super-segment, to be cut at <see cref="SegmentSize"/>.</summary>
    public const byte GsoTcpV4 = 1;

    /// <summary>
    /// Beside the type: the super-segment says CWR, which only the first segment of it may repeat (RFC 3168 §6.1.2).
    /// </summary>
    public const byte GsoEcn = 0x80;

    /// <summary><see cref="NeedsChecksum"/> and <see cref="DataValid"/>.</summary>
    public byte Flags { get; init; }

    /// <summary><see cref="GsoNone"/> or <see cref="GsoTcpV4"/>, with <see cref="GsoEcn"/> or without.</summary>
    public byte GsoType { get; init; }

    /// <summary>The length of all headers of the frame, link header included, in bytes.</summary>
    public ushort HeaderLength { get; init; }

    /// <summary>The text of each segment that the frame is cut into, in bytes; 0 without GSO.</summary>
    public ushort SegmentSize { get; init; }

    /// <summary>Where the checksummed part begins, counted from the start of the frame, in bytes.</summary>
    public ushort ChecksumStart { get; init; }

    /// <summary>Where the checksum field lies, counted from <see cref="ChecksumStart"/>, in bytes.</summary>
    public ushort ChecksumOffset { get; init; }

    /// <summary>Whether the checksum is still to be finished.</summary>
    public bool IsChecksumPartial => (Flags & NeedsChecksum) != 0;

    /// <summary>Whether nobody needs to look at the checksum: the device verified it, or no wire was crossed.</summary>
    public bool IsChecksumTrusted => (Flags & (NeedsChecksum | DataValid)) != 0;
}
