namespace UserTcp.Testing;

/// <summary>How fast, how long and how patient the link of a host is, in both directions.</summary>
public sealed record SimulatedLinkOptions
{
    /// <summary>The bandwidth in bits per second, link headers counted; 0 for a link without limit.</summary>
    public long BitsPerSecond { get; init; }

    /// <summary>How long a bit travels, one way.</summary>
    public TimeSpan Delay { get; init; }

    /// <summary>The bytes that may wait for the link; what comes when it is full is lost (drop-tail).</summary>
    public long QueueBytes { get; init; } = long.MaxValue;

    /// <summary>
    /// With more bytes waiting than this, packets that are capable of ECN are marked (RFC 3168 §5); null: none ever is.
    /// </summary>
    public long? MarkAboveBytes { get; init; }

    /// <summary>The largest IP packet of the link, in bytes, from 576 to 65,535.</summary>
    public int Mtu { get; init; } = 1500;
}
