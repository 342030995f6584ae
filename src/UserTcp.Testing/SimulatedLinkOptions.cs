namespace UserTcp.Testing;

/// <summary>Bandwidth, delay, queue and MTU of a host's link, in both directions.</summary>
public sealed record SimulatedLinkOptions
{
    /// <summary>The bandwidth in bits per second, link headers counted; 0 for a link without limit.</summary>
    public long BitsPerSecond { get; init; }

    /// <summary>The one-way delay.</summary>
    public TimeSpan Delay { get; init; }

    /// <summary>The size of the queue in bytes; a full queue drops new frames (drop-tail).</summary>
    public long QueueBytes { get; init; } = long.MaxValue;

    /// <summary>
    /// If the queue holds more bytes than this, ECN-capable packets are marked (RFC 3168 §5). Null: never.
    /// </summary>
    public long? MarkAboveBytes { get; init; }

    /// <summary>The largest IP packet of the link, in bytes, from 576 to 65,535.</summary>
    public int Mtu { get; init; } = 1500;
}
