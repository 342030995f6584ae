namespace UserTcp.Tool.Trace;

/// <summary>The first header of a frame; numbers of the pcap formats. <see cref="LinkLayers"/> reads these.</summary>
internal enum LinkType
{
    Null = 0,
    Ethernet = 1,
    Ppp = 9,
    RawBsd = 12,
    RawOpenBsd = 14,
    PppSerial = 50,
    PppOverEthernet = 51,
    AtmLlc = 100,
    Raw = 101,
    CiscoHdlc = 104,
    Loop = 108,
    Encrypted = 109,
    LinuxCooked = 113,
    PfLog = 117,
    PppDaemon = 166,
    Ppi = 192,
    PppWithDirection = 204,
    Ipv4 = 228,
    Ipv6 = 229,
    NetfilterLog = 239,
    LinuxCooked2 = 276,
}

/// <summary>What link types that are not read are called.</summary>
internal static class LinkTypeNames
{
    private static readonly Dictionary<int, string> s_names = new()
    {
        [6] = "Token Ring", [7] = "ARCNET", [8] = "SLIP", [10] = "FDDI", [99] = "Symantec firewall",
        [105] = "IEEE 802.11", [106] = "classical IP over ATM", [107] = "Frame Relay", [119] = "Prism and 802.11",
        [127] = "radiotap and IEEE 802.11", [129] = "ARCNET of Linux", [138] = "IP over IEEE 1394", [143] = "DOCSIS",
        [144] = "IrDA", [163] = "AVS and 802.11", [187] = "Bluetooth HCI H4", [189] = "USB of Linux",
        [195] = "IEEE 802.15.4", [201] = "Bluetooth HCI H4 with direction", [220] = "USB of Linux, padded",
        [226] = "Solaris IPNET", [227] = "CAN of SocketCAN", [230] = "IEEE 802.15.4 without a check sequence",
        [249] = "USBPcap", [251] = "Bluetooth Low Energy", [252] = "Wireshark upper PDU", [253] = "netlink",
        [254] = "Bluetooth of Linux", [256] = "Bluetooth Low Energy with radio", [258] = "Apple PKTAP",
        [266] = "USB of macOS", [268] = "Apple DOCSIS", [271] = "vsock", [274] = "Ethernet with preamble",
        [283] = "IEEE 802.15.4 TAP", [289] = "USB 2.0",
    };

    /// <summary>A type's number, and its name where it has one.</summary>
    public static string Of(int type) => s_names.TryGetValue(type, out string? name)
        ? $"link type {type} ({name})"
        : $"link type {type}";
}
