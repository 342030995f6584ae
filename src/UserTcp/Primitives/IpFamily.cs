namespace UserTcp.Primitives;

/// <summary>
/// A version of IP, and the sizes that follow from it. They are written here and nowhere else; the default value is
/// IPv4. A flow has a family (<see cref="FlowKey.Family"/>), a configuration has none.
/// </summary>
internal readonly record struct IpFamily
{
    /// <summary>The IPv4 header without options (RFC 791 §3.1).</summary>
    public const int HeaderBytesV4 = 20;

    /// <summary>The IPv6 header without extension headers (RFC 8200 §3).</summary>
    public const int HeaderBytesV6 = 40;

    /// <summary>The TCP header without options (RFC 9293 §3.1).</summary>
    public const int TcpHeaderBytes = 20;

    private readonly bool _isV6;

    private IpFamily(bool isV6) => _isV6 = isV6;

    public static IpFamily V4 => default;

    public static IpFamily V6 => new(isV6: true);

    public bool IsV4 => !_isV6;

    /// <summary>The IP header, without options or extension headers, in bytes.</summary>
    public int HeaderBytes => _isV6 ? HeaderBytesV6 : HeaderBytesV4;

    /// <summary>The IP and the TCP header, both without options, in bytes.</summary>
    public int SegmentHeaderBytes => HeaderBytes + TcpHeaderBytes;

    /// <summary>The smallest MTU that a link may have (RFC 791 §3.2, RFC 8200 §5).</summary>
    public int MinMtu => _isV6 ? 1280 : 68;

    /// <summary>
    /// A packet that every host takes, and nearly every path carries (RFC 1122 §3.3.2, RFC 8200 §5); ICMP errors are
    /// not longer (RFC 1812 §4.3.2.3, RFC 4443 §2.4).
    /// </summary>
    public int SafeMtu => _isV6 ? 1280 : 576;

    /// <summary>The MSS of a peer that sends no option (RFC 9293 §3.7.1, MUST-15).</summary>
    public Mss DefaultMss => new(SafeMtu - SegmentHeaderBytes);

    /// <summary>The kind of a TCP super-segment, as <c>virtio_net_hdr.gso_type</c> has it.</summary>
    public byte SegmentationType => _isV6 ? (byte)4 : (byte)1;

    public override string ToString() => _isV6 ? "IPv6" : "IPv4";
}
