using UserTcp.Primitives;

namespace UserTcp.Wire;

/// <summary>
/// The options of one segment, decoded; also the options of a segment to be written. An absent option has its Has…
/// false.
/// </summary>
internal partial struct TcpOptions
{
    /// <summary>The largest option area: a data offset of 15 words less the fixed header.</summary>
    public const int MaxBytes = 40;

    /// <summary>
    /// The MSS option (RFC 9293 §3.7.1), 0 if absent. On a parsed segment as it was sent, not clamped.
    /// </summary>
    public ushort Mss;

    public bool HasMss;

    /// <summary>The shift count of the window scale option (RFC 7323 §2.2).</summary>
    public WindowScale WindowScale;

    public bool HasWindowScale;

    public bool SackPermitted;

    public bool HasTimestamps;

    /// <summary>TSval (RFC 7323 §3.2).</summary>
    public uint TsVal;

    /// <summary>TSecr (RFC 7323 §3.2).</summary>
    public uint TsEcr;

    public int SackCount;

    public SackBlocks Sack;
}
