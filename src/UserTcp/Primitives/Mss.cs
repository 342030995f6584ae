namespace UserTcp.Primitives;

/// <summary>A maximum segment size in bytes of text, TCP options not subtracted (RFC 9293 §3.7.1).</summary>
internal readonly record struct Mss(int Bytes)
{
    /// <summary>Smaller announcements are taken as this: a peer cannot make us send one octet a segment.</summary>
    public static readonly Mss Floor = new(48);

    /// <summary>
    /// The segment size that an MTU leaves: headers without options subtracted (RFC 9293 §3.7.1, MUST-67).
    /// </summary>
    public static Mss FromMtu(int mtu, IpFamily family) =>
        new(Math.Max(Floor.Bytes, mtu - family.SegmentHeaderBytes));

    public static Mss Min(Mss a, Mss b) => a.Bytes <= b.Bytes ? a : b;
}
