using UserTcp.Links;

namespace UserTcp.Diagnostics;

/// <summary>How a <see cref="PcapngTap"/> records. Validated and copied when the tap is made.</summary>
public sealed class PcapngTapOptions
{
    /// <summary>The most bytes kept of each frame, from 64 to 262,144. Default: 262,144.</summary>
    public int MaxFrameBytes { get; set; } = PcapngWriter.MaxCapturedBytes;

    /// <summary>
    /// The size at which a file is closed and the next one begun, in bytes, at least 128 KiB; null never. Default:
    /// null. Of a tap over a stream, the size at which it stops.
    /// </summary>
    public long? MaxFileBytes { get; set; }

    /// <summary>How many files are kept, from 1; older ones are deleted. Null keeps all. Default: null.</summary>
    public int? MaxFiles { get; set; }

    /// <summary>Whether a received frame that went no further has a comment that says why. Default: true.</summary>
    public bool IncludeDropReasons { get; set; } = true;

    /// <summary>Whether a stream is left open when the tap is disposed of. Default: false.</summary>
    public bool LeaveOpen { get; set; }

    internal PcapngTapOptions Check()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxFrameBytes, 64);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(MaxFrameBytes, PcapngWriter.MaxCapturedBytes);
        if (MaxFileBytes is long bytes)
            ArgumentOutOfRangeException.ThrowIfLessThan(bytes, 128 * 1024, nameof(MaxFileBytes));
        if (MaxFiles is int files)
            ArgumentOutOfRangeException.ThrowIfLessThan(files, 1, nameof(MaxFiles));
        return (PcapngTapOptions)MemberwiseClone();
    }
}
