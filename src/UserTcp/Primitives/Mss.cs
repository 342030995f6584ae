namespace UserTcp.Primitives;

/// <summary>A maximum segment size in bytes of text, TCP options not subtracted (RFC 9293 §3.7.1).</summary>
internal readonly record struct Mss(int Bytes)
{
    /// <summary>The default for a peer that sends no option (RFC 9293 §3.7.1, MUST-15).</summary>
    public static readonly Mss DefaultV4 = new(536);

    /// <summary>The same for IPv6 (RFC 9293 §3.7.1, MUST-15).</summary>
    public static readonly Mss DefaultV6 = new(1220);

    /// <summary>Smaller announcements are taken as this: a peer cannot make us send one octet a segment.</summary>
    public static readonly Mss Floor = new(48);

    private const int TcpHeaderBytes = 20;
    private const int Ipv4HeaderBytes = 20;
    private const int Ipv6HeaderBytes = 40;

    /// <summary>
    /// The segment size that an MTU leaves: headers without options subtracted (RFC 9293 §3.7.1, MUST-67).
    /// </summary>
    public static Mss FromMtu(int mtu, bool isV4) =>
        new(Math.Max(Floor.Bytes, mtu - TcpHeaderBytes - (isV4 ? Ipv4HeaderBytes : Ipv6HeaderBytes)));

    public static Mss Min(Mss a, Mss b) => a.Bytes <= b.Bytes ? a : b;
}
