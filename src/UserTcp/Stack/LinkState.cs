using UserTcp.Links;
using UserTcp.Wire;

namespace UserTcp.Stack;

/// <summary>The link, as far as the core needs it: its kind, our address on it, the MTU, whether it is there.</summary>
internal sealed class LinkState(LinkInfo info, MacAddress macAddress, int mtu)
{
    public MacAddress MacAddress { get; } = macAddress;

    /// <summary>The largest IP packet that is sent, in bytes.</summary>
    public int Mtu { get; set; } = mtu;

    /// <summary>Whether the device is gone: then nothing is sent any more.</summary>
    public bool IsDown { get; set; }

    /// <summary>Whether frames have an Ethernet header, and next hops a MAC address.</summary>
    public bool HasHeader { get; } = info.Medium == LinkMedium.Ethernet;

    public int HeaderBytes => HasHeader ? EthernetHeader.Size : 0;

    /// <summary>Whether it carries segments of this machine, which nobody has finished.</summary>
    public bool MayLackChecksums { get; } = (info.Features & LinkFeatures.ReceiveMayLackChecksum) != 0;

    /// <summary>Whether a packet of this size was merged of several on its way.</summary>
    public bool IsMerged(int packetBytes) =>
        (info.Features & LinkFeatures.ReceiveCoalesces) != 0 && packetBytes > Math.Max(Mtu, info.Mtu);
}
