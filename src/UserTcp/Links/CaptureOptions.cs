namespace UserTcp.Links;

/// <summary>How a <see cref="CaptureLink"/> records. Copied when the capture is opened.</summary>
public sealed class CaptureOptions
{
    /// <summary>
    /// The most bytes kept of each frame, from 64 to 262,144; everything by default. The true length is recorded
    /// besides.
    /// </summary>
    public int MaxFrameBytes { get; set; } = PcapngWriter.MaxCapturedBytes;

    /// <summary>
    /// The size that the capture may grow to, in bytes, at least 4,096; no limit by default. A capture that would grow
    /// beyond it stops, and <see cref="CaptureLink.CaptureFailure"/> says so.
    /// </summary>
    public long MaxBytes { get; set; } = long.MaxValue;

    /// <summary>The clock of the time stamps; the system's by default.</summary>
    public TimeProvider TimeProvider { get; set; } = TimeProvider.System;

    /// <summary>Whether the stream is left open when the link is disposed of; false by default.</summary>
    public bool LeaveOpen { get; set; }

    internal void Validate()
    {
        ArgumentNullException.ThrowIfNull(TimeProvider);
        if (MaxFrameBytes is < 64 or > PcapngWriter.MaxCapturedBytes)
            throw new ArgumentOutOfRangeException(
                nameof(MaxFrameBytes), MaxFrameBytes,
                $"MaxFrameBytes must be from 64 to {PcapngWriter.MaxCapturedBytes:N0}.");
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxBytes, 4096);
    }
}
