using UserTcp.Testing.Packetdrill.Syntax;
using UserTcp.Wire;

namespace UserTcp.Testing.Packetdrill.Running;

/// <summary>ICMP that the stack sent.</summary>
internal static class SentIcmp
{
    /// <summary>Whether it has the type and the code that a script expects.</summary>
    public static bool IsLike(WirePacket packet, IcmpPattern expected) =>
        Ipv4Header.TryParse(packet.Bytes, out Ipv4Header ip) && ip.Protocol == IpProtocol.Icmp
        && ip.Payload.Length >= IcmpMessage.HeaderSize && ip.Payload[0] == expected.Type
        && ip.Payload[1] == expected.Code;
}
