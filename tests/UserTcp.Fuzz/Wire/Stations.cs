using System.Net;
using UserTcp.Primitives;

namespace UserTcp.Fuzz.Wire;

/// <summary>
/// The stations of the network: the stack with two addresses, three neighbours, a router, and hosts behind it.
/// </summary>
internal static class Stations
{
    public const int PrefixLength = 24;

    public static readonly HostAddress Router = HostAddress.FromV4(0x0a0000fe);

    /// <summary>The stack's addresses, and one that only an any-address listener takes.</summary>
    public static readonly HostAddress[] Locals =
        [HostAddress.FromV4(0x0a000001), HostAddress.FromV4(0x0a000002), HostAddress.FromV4(0xcb007105)];

    /// <summary>Those whom the stack talks to: neighbours, hosts behind the router, nobody, itself.</summary>
    public static readonly HostAddress[] Remotes =
    [
        HostAddress.FromV4(0x0a00000a), HostAddress.FromV4(0x0a00000b), HostAddress.FromV4(0x0a00000c),
        HostAddress.FromV4(0x0a00000d), HostAddress.FromV4(0xc0000201), HostAddress.FromV4(0xc6336407),
        HostAddress.FromV4(0x0a00000e), HostAddress.FromV4(0x0a000001),
    ];

    public static readonly ushort[] ListenPorts = [80, 81, 443, 7];

    public static readonly MacAddress StackMac = MacAddress.CreateLocal([1]);

    private static readonly IPAddress[] s_addresses = [.. Remotes.Select(static remote => remote.ToIPAddress())];

    public static IPAddress RemoteAddress(int index) => s_addresses[index % s_addresses.Length];

    public static MacAddress MacOf(HostAddress address)
    {
        HostAddress station = address.SharesPrefixV4(Locals[0], PrefixLength) ? address : Router;
        return MacAddress.CreateLocal([2, (byte)station.V4]);
    }

    /// <summary>Which bit says whether a station answers ARP.</summary>
    public static int IndexOf(HostAddress address)
    {
        int index = Array.IndexOf(Remotes, address);
        return index < 0 ? Remotes.Length : index;
    }
}
