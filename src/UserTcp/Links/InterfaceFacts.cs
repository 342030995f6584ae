using System.Net.NetworkInformation;
using System.Net.Sockets;
using System.Text;
using UserTcp.Links.Native;

namespace UserTcp.Links;

/// <summary>A network interface, as the system describes it.</summary>
/// <param name="Index">The system's number for it; 0 where it is not asked for.</param>
/// <param name="Mtu">The largest IP packet, in bytes.</param>
/// <param name="MacAddress">Its address; null if it has none.</param>
/// <param name="IsUp">Whether it is switched on.</param>
/// <param name="HasLocalSenders">
/// Whether frames come straight from a sender on this machine (veth, TAP): their checksums may never be finished.
/// </param>
/// <param name="Coalesces">Whether frames longer than the MTU may arrive. True when in doubt.</param>
/// <param name="IsEthernet">Whether frames have Ethernet headers. True where it is not asked for.</param>
/// <param name="IsRunning">Whether it has a carrier. True where it is not asked for.</param>
/// <param name="IsLoopback">Whether it only leads back to this machine.</param>
/// <param name="Driver">Its driver; empty if it was not asked for.</param>
internal sealed record InterfaceFacts(
    int Index, int Mtu, MacAddress? MacAddress, bool IsUp, bool HasLocalSenders, bool Coalesces,
    bool IsEthernet = true, bool IsRunning = true, bool IsLoopback = false, string Driver = "")
{
    private const string WindowsPrefix = @"\Device\NPF_";

    /// <summary>
    /// Asks for an interface of the calling thread's network namespace; null if there is none of this name.
    /// </summary>
    public static InterfaceFacts? Find(string name)
    {
        if (!OperatingSystem.IsLinux())
            return FromRuntime(name);

        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        return LinuxInterface.Find((int)socket.Handle, name);
    }

    // macOS and Windows (not tested here): what the runtime knows; every interface there may coalesce.
    private static InterfaceFacts? FromRuntime(string name)
    {
        string id = name.StartsWith(WindowsPrefix, StringComparison.OrdinalIgnoreCase)
            ? name[WindowsPrefix.Length..]
            : name;
        foreach (NetworkInterface found in NetworkInterface.GetAllNetworkInterfaces())
        {
            if (!string.Equals(found.Id, id, StringComparison.OrdinalIgnoreCase) && found.Name != name
                && found.Description != name)
                continue;

            byte[] address = found.GetPhysicalAddress().GetAddressBytes();
            int mtu = found.Supports(NetworkInterfaceComponent.IPv4)
                ? found.GetIPProperties().GetIPv4Properties().Mtu
                : 1500;
            return new InterfaceFacts(
                0, mtu, address.Length == UserTcp.MacAddress.Size ? new MacAddress(address) : null,
                found.OperationalStatus == OperationalStatus.Up, HasLocalSenders: false, Coalesces: true,
                IsLoopback: found.NetworkInterfaceType == NetworkInterfaceType.Loopback);
        }

        return null;
    }

    /// <summary>The names of all interfaces of the process's network namespace, for messages.</summary>
    public static string[] Names() => [.. NetworkInterface.GetAllNetworkInterfaces().Select(found => found.Name)];
}

/// <summary>Linux's interface requests. A socket answers for the namespace that it was made in.</summary>
internal static unsafe class LinuxInterface
{
    /// <summary>The driver of TAP and of TUN.</summary>
    public const string TapDriver = "tun";

    private const int Up = 1;                      // IFF_UP
    private const int Running = 0x40;              // IFF_RUNNING
    private const int ArpHardwareEthernet = 1;     // ARPHRD_ETHER
    private const int ArpHardwareLoopback = 772;   // ARPHRD_LOOPBACK
    private const uint GetDriver = 0x03;           // ETHTOOL_GDRVINFO
    private const uint GetTransmitChecksum = 0x16; // ETHTOOL_GTXCSUM
    private const uint GetTransmitSegmentation = 0x1e;
    private const uint GetGenericSegmentation = 0x23;
    private const uint GetFlags = 0x25;
    private const uint GetGenericReceive = 0x2b;
    private const uint LargeReceive = 1 << 15;     // ETH_FLAG_LRO

    public static InterfaceFacts? Find(int socket, string name)
    {
        if (!TryAsk(socket, name, LibcNative.GetInterfaceIndex, out InterfaceRequest index))
            return null;

        TryAsk(socket, name, LibcNative.GetInterfaceMtu, out InterfaceRequest mtu);
        TryAsk(socket, name, LibcNative.GetInterfaceFlags, out InterfaceRequest flags);
        TryAsk(socket, name, LibcNative.GetHardwareAddress, out InterfaceRequest hardware);
        bool hasMac = hardware.Flags == ArpHardwareEthernet;
        var mac = new MacAddress(new ReadOnlySpan<byte>(hardware.HardwareAddress, MacAddress.Size));
        string driver = Driver(socket, name);
        bool isCable = driver is "veth" or TapDriver;
        return new InterfaceFacts(
            index.Number, mtu.Number, hasMac && !mac.IsZero ? mac : null, (flags.Flags & Up) != 0, isCable,
            Coalesces(socket, name, isCable), hasMac, (flags.Flags & Running) != 0,
            hardware.Flags == ArpHardwareLoopback, driver);
    }

    /// <summary>Switches an interface on.</summary>
    /// <returns>False if the system refuses; its error is the last of the platform's.</returns>
    public static bool TrySwitchOn(int socket, string name)
    {
        if (!TryAsk(socket, name, LibcNative.GetInterfaceFlags, out InterfaceRequest request))
            return false;

        request.Flags |= Up;
        return LibcNative.IoControl(socket, LibcNative.SetInterfaceFlags, &request) == 0;
    }

    /// <summary>The name of an interface by its number; null if it is gone.</summary>
    public static string? Name(int socket, int index)
    {
        var request = new InterfaceRequest { Number = index };
        if (LibcNative.IoControl(socket, LibcNative.GetInterfaceName, &request) != 0)
            return null;

        var bytes = new ReadOnlySpan<byte>(request.Name, InterfaceRequest.NameBytes);
        return Encoding.UTF8.GetString(bytes[..bytes.IndexOf((byte)0)]);
    }

    /// <summary>The interface's number, or 0 if it is gone.</summary>
    public static int Index(int socket, string name) =>
        TryAsk(socket, name, LibcNative.GetInterfaceIndex, out InterfaceRequest answer) ? answer.Number : 0;

    /// <summary>The interface's MTU, or 0 if it is gone.</summary>
    public static int Mtu(int socket, string name) =>
        TryAsk(socket, name, LibcNative.GetInterfaceMtu, out InterfaceRequest answer) ? answer.Number : 0;

    /// <summary>The MTU of an interface by its number, whatever it is called by now; 0 if it is gone.</summary>
    public static int Mtu(int socket, int index)
    {
        var request = new InterfaceRequest { Number = index };
        return LibcNative.IoControl(socket, LibcNative.GetInterfaceName, &request) == 0
            && LibcNative.IoControl(socket, LibcNative.GetInterfaceMtu, &request) == 0
            ? request.Number
            : 0;
    }

    /// <summary>Writes a name into a request; false if it is too long to be one.</summary>
    public static bool TryName(InterfaceRequest* request, string name)
    {
        if (Encoding.UTF8.GetByteCount(name) >= InterfaceRequest.NameBytes)
            return false;

        Encoding.UTF8.GetBytes(name, new Span<byte>(request->Name, InterfaceRequest.NameBytes - 1));
        return true;
    }

    // A card's own merging is GRO and LRO. On a cable inside the machine the sender's merging arrives as well; its
    // settings are those of the far end, which is asked about here by those of the near one, as both are usually
    // switched together.
    private static bool Coalesces(int socket, string name, bool isCable) =>
        IsOn(socket, name, GetGenericReceive, uint.MaxValue)
        || IsOn(socket, name, GetFlags, LargeReceive)
        || (isCable && (IsOn(socket, name, GetTransmitSegmentation, uint.MaxValue)
            || IsOn(socket, name, GetGenericSegmentation, uint.MaxValue)
            || IsOn(socket, name, GetTransmitChecksum, uint.MaxValue)));

    private static bool IsOn(int socket, string name, uint command, uint mask)
    {
        var value = new EthtoolValue { Command = command };
        return !TryEthtool(socket, name, &value) || (value.Value & mask) != 0; // in doubt, yes
    }

    private static string Driver(int socket, string name)
    {
        var driver = new EthtoolDriver { Command = GetDriver };
        if (!TryEthtool(socket, name, &driver))
            return "";

        var text = new ReadOnlySpan<byte>(driver.Name, EthtoolDriver.NameBytes);
        int end = text.IndexOf((byte)0);
        return Encoding.ASCII.GetString(end < 0 ? text : text[..end]);
    }

    private static bool TryEthtool(int socket, string name, void* argument)
    {
        var request = new InterfaceRequest { Pointer = argument };
        return TryName(&request, name) && LibcNative.IoControl(socket, LibcNative.Ethtool, &request) == 0;
    }

    private static bool TryAsk(int socket, string name, nuint question, out InterfaceRequest answer)
    {
        InterfaceRequest request = default;
        bool isAnswered = TryName(&request, name) && LibcNative.IoControl(socket, question, &request) == 0;
        answer = isAnswered ? request : default;
        return isAnswered;
    }
}
