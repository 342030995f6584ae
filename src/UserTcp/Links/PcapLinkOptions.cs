using UserTcp.Primitives;

namespace UserTcp.Links;

/// <summary>
/// How a <see cref="PcapLink"/> is opened. Copied at the call. The defaults are chosen by asking the interface.
/// </summary>
public sealed class PcapLinkOptions
{
    /// <summary>
    /// The memory in which the system keeps frames until they are received, from 64 KiB to 1 GiB. Null, the default,
    /// takes 16 MiB, and 64 MiB where the interface may merge frames: there every frame, however short, takes a slot
    /// for the longest. When it is full frames are lost and counted in <see cref="LinkStatistics.ReceiveDropped"/>.
    /// </summary>
    public int? BufferBytes { get; set; }

    /// <summary>
    /// The longest frame that is received, from 68 to 524,302 bytes; longer ones are dropped and counted. Null, the
    /// default, takes the MTU where the interface merges no frames, and 524,302 where it may. The buffer is divided
    /// into slots of this size, on Linux of 64 KiB at most: where a short one is right, more frames fit.
    /// </summary>
    public int? MaxReceiveFrame { get; set; }

    /// <summary>
    /// Whether to receive frames for other MAC addresses than the card's. Null, the default, does so if the stack's
    /// address is another.
    /// </summary>
    public bool? Promiscuous { get; set; }

    /// <summary>
    /// Whether checksums of received frames may never have been finished
    /// (<see cref="LinkFeatures.ReceiveMayLackChecksum"/>). Null, the default, says so of veth and TAP on Linux. Set
    /// false where all senders finish theirs: a segment in a flow that is not known yet is then verified, too.
    /// </summary>
    public bool? ReceiveMayLackChecksum { get; set; }

    internal void Validate()
    {
        if (BufferBytes is < 64 << 10 or > 1 << 30)
            throw new ArgumentOutOfRangeException(
                nameof(BufferBytes), BufferBytes, "BufferBytes must be from 64 KiB to 1 GiB.");
        if (MaxReceiveFrame < IpFamily.V4.MinMtu || MaxReceiveFrame > RxBatch.MaxFrameBytes)
            throw new ArgumentOutOfRangeException(
                nameof(MaxReceiveFrame), MaxReceiveFrame,
                $"MaxReceiveFrame must be from {IpFamily.V4.MinMtu} to {RxBatch.MaxFrameBytes:N0}.");
    }
}
