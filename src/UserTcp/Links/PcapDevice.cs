using System.Net;
using UserTcp.Links.Native;

namespace UserTcp.Links;

/// <summary>A device that <see cref="PcapLink.Open"/> may open, as the capture library describes it.</summary>
/// <param name="Name">The name to open it by, for instance <c>eth0</c>.</param>
/// <param name="Description">What people call it; null where the system does not say.</param>
/// <param name="Addresses">The host's own IP addresses on it.</param>
/// <param name="MacAddress">Its own Ethernet address; null where it has none or the system does not say.</param>
/// <param name="IsUp">Whether it is switched on.</param>
/// <param name="IsRunning">Whether it has a carrier, as far as the system knows.</param>
/// <param name="IsLoopback">Whether it leads back to this machine.</param>
/// <param name="IsWireless">Whether it is a radio; access points drop frames with a foreign MAC address.</param>
public sealed record PcapDevice(
    string Name, string? Description, IReadOnlyList<IPAddress> Addresses, MacAddress? MacAddress, bool IsUp,
    bool IsRunning, bool IsLoopback, bool IsWireless)
{
    private const uint LoopbackFlag = 1;
    private const uint UpFlag = 2;
    private const uint RunningFlag = 4;
    private const uint WirelessFlag = 8;

    internal static unsafe List<PcapDevice> List()
    {
        byte* error = stackalloc byte[PcapNative.ErrorBufferBytes];
        PcapInterfaceEntry* first = null;
        if (PcapNative.FindAllDevices(&first, error) != 0)
            throw new IOException($"The capture library cannot list devices: {PcapNative.Text(error)}.");

        var devices = new List<PcapDevice>();
        try
        {
            for (PcapInterfaceEntry* entry = first; entry != null; entry = entry->Next)
                devices.Add(From(entry));
        }
        finally
        {
            PcapNative.FreeAllDevices(first);
        }

        return devices;
    }

    private static unsafe PcapDevice From(PcapInterfaceEntry* entry)
    {
        var addresses = new List<IPAddress>();
        MacAddress? mac = null;
        for (PcapAddressEntry* at = entry->Addresses; at != null; at = at->Next)
        {
            if (at->Address == null)
                continue;
            if (SocketAddressReader.TryReadIp(at->Address) is { } ip)
                addresses.Add(ip);
            mac ??= SocketAddressReader.TryReadMac(at->Address);
        }

        uint flags = entry->Flags;
        return new PcapDevice(
            PcapNative.Text(entry->Name),
            entry->Description == null ? null : PcapNative.Text(entry->Description),
            addresses,
            mac,
            IsUp: (flags & UpFlag) != 0,
            IsRunning: (flags & RunningFlag) != 0,
            IsLoopback: (flags & LoopbackFlag) != 0,
            IsWireless: (flags & WirelessFlag) != 0);
    }
}

/// <summary>Reads the system's <c>sockaddr</c>, which every system lays out in its own way.</summary>
internal static unsafe class SocketAddressReader
{
    private const int IPv4 = 2;
    private const int LinuxPacket = 17;
    private const int MacLink = 18;

    private static int IPv6 => OperatingSystem.IsWindows() ? 23 : OperatingSystem.IsMacOS() ? 30 : 10;

    public static IPAddress? TryReadIp(byte* address)
    {
        int family = Family(address);
        if (family == IPv4)
            return new IPAddress(new ReadOnlySpan<byte>(address + 4, 4));

        return family == IPv6 ? new IPAddress(new ReadOnlySpan<byte>(address + 8, 16)) : null;
    }

    public static MacAddress? TryReadMac(byte* address)
    {
        MacAddress mac = default;
        if (OperatingSystem.IsLinux() && Family(address) == LinuxPacket && address[11] == MacAddress.Size)
            mac = new MacAddress(new ReadOnlySpan<byte>(address + 12, MacAddress.Size));
        else if (OperatingSystem.IsMacOS() && Family(address) == MacLink && address[6] == MacAddress.Size)
            mac = new MacAddress(new ReadOnlySpan<byte>(address + 8 + address[5], MacAddress.Size));
        return mac.IsZero ? null : mac;
    }

    // BSD puts a length into the first octet; the others use both for the family.
    private static int Family(byte* address) => OperatingSystem.IsMacOS() ? address[1] : *(ushort*)address;
}
