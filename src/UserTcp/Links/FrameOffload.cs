using System.Runtime.InteropServices;

namespace UserTcp.Links;

/// <summary>The state of a frame's checksum, with the values of <c>virtio_net_hdr.flags</c>.</summary>
[Flags]
public enum FrameOffloadFlags : byte
{
    /// <summary>The checksum is in the frame and not verified.</summary>
    None = 0,

    /// <summary>The checksum field holds only the sum of the pseudo-header; the device has to finish it.</summary>
    NeedsChecksum = 1,

    /// <summary>The device has verified the checksum.</summary>
    DataValid = 2,
}

/// <summary>The kind of a super-segment, with the values of <c>virtio_net_hdr.gso_type</c>.</summary>
[Flags]
public enum SegmentationOffload : byte
{
    /// <summary>The frame is one segment.</summary>
    None = 0,

    /// <summary>TCP over IPv4, to be cut at <see cref="FrameOffload.SegmentSize"/>.</summary>
    TcpV4 = 1,

    /// <summary>
    /// Beside the kind: the super-segment says CWR, which only the first segment of it may repeat (RFC 3168 §6.1.2).
    /// </summary>
    Ecn = 0x80,
}

/// <summary>
/// The work left on a frame, or done to it: the ten bytes of <c>virtio_net_hdr</c>, in host byte order, so
/// that devices which speak virtio pass it through untouched.
/// </summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public readonly record struct FrameOffload
{
    /// <summary>The size of the structure in memory, in bytes.</summary>
    public const int Size = 10;

    /// <summary>The state of the checksum.</summary>
    public FrameOffloadFlags Flags { get; init; }

    /// <summary>Whether, and how, the frame is to be cut or was merged.</summary>
    public SegmentationOffload Segmentation { get; init; }

    /// <summary>The length of all headers of the frame, link header included, in bytes.</summary>
    public ushort HeaderLength { get; init; }

    /// <summary>The text of each segment that the frame is cut into, in bytes; 0 if it is one segment.</summary>
    public ushort SegmentSize { get; init; }

    /// <summary>Where the checksummed part begins, counted from the start of the frame, in bytes.</summary>
    public ushort ChecksumStart { get; init; }

    /// <summary>Where the checksum field lies, counted from <see cref="ChecksumStart"/>, in bytes.</summary>
    public ushort ChecksumOffset { get; init; }

    /// <summary>Whether the checksum is still to be finished.</summary>
    public bool IsChecksumPartial => (Flags & FrameOffloadFlags.NeedsChecksum) != 0;

    /// <summary>Whether the stack need not verify the checksum: the device did, or the frame crossed no wire.</summary>
    public bool IsChecksumTrusted =>
        (Flags & (FrameOffloadFlags.NeedsChecksum | FrameOffloadFlags.DataValid)) != 0;
}
