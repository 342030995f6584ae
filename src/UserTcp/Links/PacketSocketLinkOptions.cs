namespace UserTcp.Links;

/// <summary>How a <see cref="PacketSocketLink"/> is opened. Copied at the call.</summary>
public sealed class PacketSocketLinkOptions
{
    /// <summary>
    /// The memory in which the system may keep frames of one queue until they are received, from 64 KiB to 1 GiB; 32 MiB
    /// by default. Only what waits takes memory. When it is full frames are lost and counted in
    /// <see cref="LinkStatistics.ReceiveDropped"/>. Without CAP_NET_ADMIN the system gives no more than
    /// <c>net.core.rmem_max</c>; see <see cref="PacketSocketLink.Warning"/>.
    /// </summary>
    public int ReceiveBufferBytes { get; set; } = 32 << 20;

    /// <summary>
    /// The frames of one queue that may be on their way to the card, in bytes, from 64 KiB to 1 GiB; 4 MiB by default.
    /// When it is full the stack waits. Limited as <see cref="ReceiveBufferBytes"/> is, by <c>net.core.wmem_max</c>.
    /// </summary>
    public int SendBufferBytes { get; set; } = 4 << 20;

    /// <summary>
    /// Whether to receive frames for other MAC addresses than the card's. Null, the default, has the card receive for
    /// the stack's address beside its own; the system makes a card promiscuous that cannot do this. True makes it
    /// promiscuous at once, false leaves the card as it is.
    /// </summary>
    public bool? Promiscuous { get; set; }

    internal PacketSocketLinkOptions Copy() => (PacketSocketLinkOptions)MemberwiseClone();

    internal void Validate()
    {
        Check(ReceiveBufferBytes, nameof(ReceiveBufferBytes));
        Check(SendBufferBytes, nameof(SendBufferBytes));
    }

    private static void Check(int bytes, string name)
    {
        if (bytes is < 64 << 10 or > 1 << 30)
            throw new ArgumentOutOfRangeException(name, bytes, $"{name} must be from 64 KiB to 1 GiB.");
    }
}
