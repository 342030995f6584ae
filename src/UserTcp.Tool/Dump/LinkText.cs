using System.Globalization;
using System.Net.NetworkInformation;
using PacketDotNet;
using UserTcp.Tool.Trace;

namespace UserTcp.Tool.Dump;

/// <summary>The headers of a link, in tcpdump's words (<c>-e</c>).</summary>
internal static class LinkText
{
    /// <summary>The words for a header; empty if there are none.</summary>
    public static string Of(Packet header, CapturedFrame frame) => header switch
    {
        EthernetPacket ethernet => string.Create(CultureInfo.InvariantCulture,
            $"{Mac(ethernet.SourceHardwareAddress)} > {Mac(ethernet.DestinationHardwareAddress)}, "
            + $"{Type((int)ethernet.Type)}, length {frame.WireLength}: "),
        Ieee8021QPacket tag => string.Create(CultureInfo.InvariantCulture,
            $"vlan {tag.VlanIdentifier}, p {(int)tag.PriorityControlPoint}, {Type((int)tag.Type)}, "),
        LinuxSllPacket cooked => Cooked(
            (int)cooked.Type, cooked.LinkLayerAddress, (int)cooked.EthernetProtocolType, frame.WireLength),
        LinuxSll2Packet cooked => string.Create(CultureInfo.InvariantCulture, $"ifindex {cooked.InterfaceIndex} ")
            + Cooked((int)cooked.Type, cooked.LinkLayerAddress, (int)cooked.EthernetProtocolType, frame.WireLength),
        _ => "",
    };

    public static string Mac(PhysicalAddress address) => Mac(address.GetAddressBytes());

    /// <summary>A type's name, and its number.</summary>
    public static string EtherType(int type)
    {
        string name = type switch
        {
            0x0800 => "IPv4",
            0x0806 => "ARP",
            0x86DD => "IPv6",
            0x8100 => "802.1Q",
            0x88A8 => "802.1Q-QinQ",
            0x8864 => "PPPoE S",
            0x8863 => "PPPoE D",
            0x8847 => "MPLS unicast",
            0x88CC => "LLDP",
            _ => "Unknown",
        };
        return string.Create(CultureInfo.InvariantCulture, $"{name} (0x{type:x4})");
    }

    private static string Type(int type) => type <= 1500
        ? string.Create(CultureInfo.InvariantCulture, $"802.3, length {type}")
        : $"ethertype {EtherType(type)}";

    private static string Cooked(int type, byte[] address, int etherType, int length)
    {
        string way = type switch
        {
            0 => "In",
            1 => "B",
            2 => "M",
            3 => "P",
            4 => "Out",
            _ => "?",
        };
        return string.Create(CultureInfo.InvariantCulture,
            $"{way} {Mac(address)}, ethertype {EtherType(etherType)}, length {length}: ");
    }

    private static string Mac(byte[] octets) => string.Join(':', octets.Select(octet => octet.ToString("x2", null)));
}
