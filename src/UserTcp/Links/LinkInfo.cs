namespace UserTcp.Links;

/// <summary>The kind of packets that a link carries.</summary>
public enum LinkMedium
{
    /// <summary>Ethernet II frames: 14 bytes of link header, ARP.</summary>
    Ethernet,

    /// <summary>Bare IP packets: no link header, no ARP.</summary>
    Ip,
}

/// <summary>Offloads and other properties of a device.</summary>
[Flags]
public enum LinkFeatures
{
    /// <summary>Nothing: whole frames of at most the MTU, with finished checksums.</summary>
    None = 0,

    /// <summary>Finishes the TCP checksum of frames marked <see cref="FrameOffloadFlags.NeedsChecksum"/>.</summary>
    TransmitChecksum = 1 << 0,

    /// <summary>Cuts TCP over IPv4 super-segments (<see cref="SegmentationOffload.TcpV4"/>).</summary>
    TransmitSegmentation = 1 << 1,

    /// <summary>May deliver several segments as one frame, longer than the MTU.</summary>
    ReceiveCoalesces = 1 << 2,

    /// <summary>
    /// Fills <see cref="FrameOffload.Flags"/> of received frames; else checksums are always verified.
    /// </summary>
    ReceiveChecksumInfo = 1 << 3,

    /// <summary>
    /// Frames of a sender on the same machine may carry a sum of the pseudo-header only, and nothing says so (a capture
    /// device on veth or TAP). The stack accepts such sums in flows whose sender has finished none: a changed frame may
    /// carry the same number by chance.
    /// </summary>
    ReceiveMayLackChecksum = 1 << 4,

    /// <summary>No other station can be on the link. Address conflict detection is skipped.</summary>
    PointToPoint = 1 << 5,
}

/// <summary>The properties of an open link device. Immutable.</summary>
public sealed record LinkInfo
{
    /// <summary>The link's name, as it is shown to people, for instance <c>pcap:eth0</c>.</summary>
    public required string Name { get; init; }

    /// <summary>The largest IP packet that one frame carries, in bytes, link header not counted.</summary>
    public required int Mtu { get; init; }

    /// <summary>The device's own address; null where it has none.</summary>
    public MacAddress? MacAddress { get; init; }

    /// <summary>The kind of packets that the link carries.</summary>
    public LinkMedium Medium { get; init; } = LinkMedium.Ethernet;

    /// <summary>Offloads and other properties of the device.</summary>
    public LinkFeatures Features { get; init; }

    /// <summary>The largest frame that <see cref="LinkDevice.Receive"/> may deliver, in bytes.</summary>
    public int MaxReceiveFrame { get; init; } = RxBatch.MaxFrameBytes;
}

/// <summary>Counters of a link device. All count since it was opened.</summary>
public readonly record struct LinkStatistics
{
    /// <summary>
    /// Frames that were lost between the wire and <see cref="LinkDevice.Receive"/>, for want of room.
    /// </summary>
    public long ReceiveDropped { get; init; }

    /// <summary>
    /// Those of <see cref="ReceiveDropped"/> that were longer than <see cref="LinkInfo.MaxReceiveFrame"/>.
    /// </summary>
    public long ReceiveTooLong { get; init; }

    /// <summary>Frames that the device accepted and could not send.</summary>
    public long TransmitDropped { get; init; }
}
