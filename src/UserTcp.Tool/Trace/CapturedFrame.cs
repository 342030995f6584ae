using UserTcp.Diagnostics;

namespace UserTcp.Tool.Trace;

/// <summary>A frame of a capture file.</summary>
/// <param name="Nanoseconds">When, since 1970; null where the file does not say.</param>
/// <param name="Link">Its first header; a number of the pcap formats, of any value.</param>
/// <param name="Bytes">What was kept of it.</param>
internal readonly record struct CapturedFrame(long? Nanoseconds, LinkType Link, ReadOnlyMemory<byte> Bytes)
{
    /// <summary>The length of the whole frame, in bytes; never less than what was kept.</summary>
    public int WireLength { get; init; } = Bytes.Length;

    /// <summary>Which way it went, as the capturing host saw it; null where the file does not say.</summary>
    public PacketDirection? Direction { get; init; }

    /// <summary>A comment on the frame; a <see cref="PcapngTap"/> gives the reason of a drop in it.</summary>
    public string? Comment { get; init; }
}
