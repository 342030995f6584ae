using UserTcp.Wire;

namespace UserTcp.Testing.Rules;

/// <summary>Tests for kinds of frames, for use in rules.</summary>
public static class FrameKind
{
    /// <summary>Whether a frame carries ARP.</summary>
    /// <param name="frame">The Ethernet frame.</param>
    /// <returns>True if it does.</returns>
    public static bool IsArp(ReadOnlySpan<byte> frame) =>
        EthernetHeader.TryParse(frame, out EthernetHeader header) && header.EtherType == EtherType.Arp;

    /// <summary>Whether a frame carries IPv4.</summary>
    /// <param name="frame">The Ethernet frame.</param>
    /// <returns>True if it does.</returns>
    public static bool IsIpv4(ReadOnlySpan<byte> frame) =>
        EthernetHeader.TryParse(frame, out EthernetHeader header) && header.EtherType == EtherType.Ipv4;

    /// <summary>Whether a frame is a TCP segment that only acknowledges: no text, no SYN, FIN or RST.</summary>
    /// <param name="frame">The Ethernet frame.</param>
    /// <returns>True if it is.</returns>
    public static bool IsPureAck(ReadOnlySpan<byte> frame) =>
        TryParseTcp(frame, out TcpSegment segment) && segment.Text.IsEmpty
        && (segment.Flags & (TcpFlags.Syn | TcpFlags.Fin | TcpFlags.Rst)) == 0;

    /// <summary>Whether a frame is a TCP segment that carries text.</summary>
    /// <param name="frame">The Ethernet frame.</param>
    /// <returns>True if it is.</returns>
    public static bool IsTcpData(ReadOnlySpan<byte> frame) =>
        TryParseTcp(frame, out TcpSegment segment) && !segment.Text.IsEmpty;

    /// <summary>Whether a frame is a TCP segment with SYN.</summary>
    /// <param name="frame">The Ethernet frame.</param>
    /// <returns>True if it is.</returns>
    public static bool IsSyn(ReadOnlySpan<byte> frame) =>
        TryParseTcp(frame, out TcpSegment segment) && segment.Has(TcpFlags.Syn);

    internal static bool TryParseTcp(ReadOnlySpan<byte> frame, out TcpSegment segment) =>
        TryParseTcp(frame, out _, out segment);

    internal static bool TryParseTcp(ReadOnlySpan<byte> frame, out Ipv4Header packet, out TcpSegment segment)
    {
        packet = default;
        segment = default;
        return IsIpv4(frame) && Ipv4Header.TryParse(frame[EthernetHeader.Size..], out packet)
            && packet.Protocol == IpProtocol.Tcp && !packet.IsFragment
            && TcpSegment.TryParse(packet.Payload, out segment);
    }
}
