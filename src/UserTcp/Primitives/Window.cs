namespace UserTcp.Primitives;

/// <summary>The 16 bits of the window field, as they stand in a header (RFC 9293 §3.1).</summary>
internal readonly record struct WireWindow(ushort Value)
{
    /// <summary>The window in bytes, by the connection's scale (RFC 7323 §2.3).</summary>
    public static WindowSize operator <<(WireWindow w, WindowScale s) => new((uint)w.Value << s.Shift);
}

/// <summary>A window in bytes, at most 2^30 − 1 (RFC 7323 §2.3).</summary>
internal readonly record struct WindowSize(uint Bytes)
{
    /// <summary>
    /// What fits into the header field; the bytes below the shift are lost, so the field never promises more.
    /// </summary>
    public static WireWindow operator >>(WindowSize w, WindowScale s) =>
        new((ushort)Math.Min(w.Bytes >> s.Shift, ushort.MaxValue));
}

/// <summary>A window scale shift count, 0 to 14 (RFC 7323 §2.3: a larger one on the wire is used as 14).</summary>
internal readonly record struct WindowScale
{
    public const int MaxShift = 14;

    public static readonly WindowScale None;

    private readonly byte _shift;

    public WindowScale(int shift) => _shift = (byte)Math.Clamp(shift, 0, MaxShift);

    public int Shift => _shift;

    /// <summary>The smallest shift with which a window of <paramref name="bytes"/> fits into 16 bits.</summary>
    public static WindowScale For(uint bytes)
    {
        int shift = 0;
        while (shift < MaxShift && bytes >> shift > ushort.MaxValue)
        {
            shift++;
        }

        return new WindowScale(shift);
    }
}
