using Microsoft.Extensions.Logging;

namespace UserTcp.Links;

/// <summary>How <see cref="SharpPcapLink.Open"/> opens a device. Validated when the device is opened.</summary>
public sealed class SharpPcapLinkOptions
{
    /// <summary>
    /// Whether the card also delivers frames to addresses that are not its own: the stack has one of its own. Default:
    /// true.
    /// </summary>
    public bool Promiscuous { get; set; } = true;

    /// <summary>
    /// The most bytes captured of a frame, from 256 to 65,550. Default: 2,048, the MTU of Ethernet and its headers.
    /// Slots of the system's buffer are that large: more loses frames. With receive offload (GRO) on it must be more
    /// all the same, since what is longer is dropped.
    /// </summary>
    public int SnapLength { get; set; } = 2048;

    /// <summary>The system's buffer, in bytes, from 64 KiB to 1 GiB. Default: 16 MiB.</summary>
    public int BufferBytes { get; set; } = 16 << 20;

    /// <summary>
    /// How long the system may gather frames, from 1 to 1,000 ms. Immediate mode is always asked for, so that this only
    /// matters where it cannot be had. Default: 10 ms.
    /// </summary>
    public TimeSpan ReadTimeout { get; set; } = TimeSpan.FromMilliseconds(10);

    /// <summary>
    /// Which frames to capture, in the language of pcap-filter(7). Null for those that concern the stack: sent to its
    /// MAC address, to groups and to everybody, but not by itself.
    /// </summary>
    public string? Filter { get; set; }

    /// <summary>Where it is said that a setting could not be made; null for nowhere.</summary>
    public ILoggerFactory? LoggerFactory { get; set; }

    internal void Check()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(SnapLength, 256);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(SnapLength, RxBatch.MaxFrameBytes);
        ArgumentOutOfRangeException.ThrowIfLessThan(BufferBytes, 64 << 10);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(BufferBytes, 1 << 30);
        ArgumentOutOfRangeException.ThrowIfLessThan(ReadTimeout, TimeSpan.FromMilliseconds(1));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(ReadTimeout, TimeSpan.FromSeconds(1));
    }
}
