using UserTcp.Primitives;

namespace UserTcp.Links;

/// <summary>How the two ends of a <see cref="VirtualLink"/> behave. Copied when the pair is made.</summary>
public sealed class VirtualLinkOptions
{
    /// <summary>Everything that a link without a wire can do; the default of <see cref="Features"/>.</summary>
    public const LinkFeatures AllFeatures =
        LinkFeatures.TransmitChecksum | LinkFeatures.TransmitSegmentation | LinkFeatures.ReceiveCoalesces
        | LinkFeatures.ReceiveChecksumInfo | LinkFeatures.PointToPoint;

    /// <summary>The name of the link; its ends are called <c>virtual:NAME.a</c> and <c>virtual:NAME.b</c>.</summary>
    public string Name { get; set; } = "link";

    /// <summary>The largest IP packet, from 68 to 65,535 bytes; 1,500 by default.</summary>
    public int Mtu { get; set; } = 1500;

    /// <summary>The kind of packets that the link carries.</summary>
    public LinkMedium Medium { get; set; } = LinkMedium.Ethernet;

    /// <summary>
    /// What both ends offer. <see cref="LinkFeatures.TransmitSegmentation"/> needs
    /// <see cref="LinkFeatures.TransmitChecksum"/> and <see cref="LinkFeatures.ReceiveCoalesces"/>;
    /// <see cref="LinkFeatures.TransmitChecksum"/> needs <see cref="LinkFeatures.ReceiveChecksumInfo"/> or
    /// <see cref="LinkFeatures.ReceiveMayLackChecksum"/>: no device on the way finishes a checksum.
    /// </summary>
    public LinkFeatures Features { get; set; } = AllFeatures;

    /// <summary>The most frames that wait in each direction and queue, from 1 to 65,536; 1,024 by default.</summary>
    public int QueueFrames { get; set; } = 1024;

    /// <summary>
    /// The most bytes that wait in each direction and queue, from the largest frame (65,550 bytes with
    /// <see cref="LinkFeatures.TransmitSegmentation"/>) to 1 GiB; 1 MiB by default. Allocated at once. No frame is
    /// longer than the queue.
    /// </summary>
    public int QueueBytes { get; set; } = 1 << 20;

    internal int LinkHeaderBytes => Medium == LinkMedium.Ethernet ? 14 : 0;

    internal int MaxFrameBytes => (Features & LinkFeatures.TransmitSegmentation) != 0
        ? Math.Clamp(QueueBytes, RxBatch.UsualFrameBytes, RxBatch.MaxFrameBytes)
        : LinkHeaderBytes + Mtu;

    internal void Validate()
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(Name);
        ThrowIfOutOfRange(Mtu, IpFamily.V4.MinMtu, ushort.MaxValue, nameof(Mtu));
        ThrowIfOutOfRange(QueueFrames, 1, 65_536, nameof(QueueFrames));
        ThrowIfOutOfRange(QueueBytes, MaxFrameBytes, 1 << 30, nameof(QueueBytes));
        if (!Enum.IsDefined(Medium))
            throw new ArgumentOutOfRangeException(nameof(Medium), Medium, "Medium must be a member of LinkMedium.");
        if (Has(LinkFeatures.TransmitSegmentation)
            && !(Has(LinkFeatures.TransmitChecksum) && Has(LinkFeatures.ReceiveCoalesces)))
            throw new ArgumentException(
                "TransmitSegmentation needs TransmitChecksum and ReceiveCoalesces: super-segments cross it whole.",
                nameof(Features));
        if (Has(LinkFeatures.TransmitChecksum)
            && !(Has(LinkFeatures.ReceiveChecksumInfo) || Has(LinkFeatures.ReceiveMayLackChecksum)))
            throw new ArgumentException(
                "TransmitChecksum needs ReceiveChecksumInfo or ReceiveMayLackChecksum: it does not finish checksums.",
                nameof(Features));
    }

    internal VirtualLinkOptions Copy() => (VirtualLinkOptions)MemberwiseClone();

    internal bool Has(LinkFeatures feature) => (Features & feature) != 0;

    private static void ThrowIfOutOfRange(int value, int least, int most, string name)
    {
        if (value < least || value > most)
            throw new ArgumentOutOfRangeException(name, value, $"{name} must be from {least:N0} to {most:N0}.");
    }
}
