namespace UserTcp.Tool.Trace;

/// <summary>A frame of a capture file.</summary>
/// <param name="Nanoseconds">When, since 1970; null where the file does not say.</param>
/// <param name="Link">Its first header; a number of the pcap formats, of any value.</param>
/// <param name="Bytes">What was kept of it.</param>
internal readonly record struct CapturedFrame(long? Nanoseconds, LinkType Link, ReadOnlyMemory<byte> Bytes);
