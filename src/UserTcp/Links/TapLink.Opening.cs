using System.Globalization;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using UserTcp.Links.Native;

namespace UserTcp.Links;

// What happens before there is a link.
public sealed partial class TapLink
{
    private const string TapScheme = "tap:";
    private const string TunScheme = "tun:";
    private const string StatusFile = "/proc/thread-self/status";
    private const string CapabilityLine = "CapEff:";
    private const int NetworkAdministration = 12; // CAP_NET_ADMIN

    private const LinkFeatures Offloads =
        LinkFeatures.TransmitChecksum | LinkFeatures.TransmitSegmentation | LinkFeatures.ReceiveCoalesces
        | LinkFeatures.ReceiveChecksumInfo;

    /// <summary>Whether this system has TAP interfaces that this class knows: Linux does. Never throws.</summary>
    public static bool IsSupported => OperatingSystem.IsLinux();

    /// <summary>Attaches to an interface, or makes one for as long as the link lives.</summary>
    /// <param name="device">Its name, for instance <c>tap0</c>; with <c>%d</c> in it the system finds a free
    /// number.</param>
    /// <param name="options">How; null for the defaults.</param>
    /// <returns>The link, ready to send and receive.</returns>
    /// <exception cref="PlatformNotSupportedException">This system is not Linux.</exception>
    /// <exception cref="UnauthorizedAccessException">The interface is another user's, or does not exist and the process
    /// lacks CAP_NET_ADMIN; the message has the command that makes one.</exception>
    /// <exception cref="IOException">The interface is down, another program has it, the system has no TAP interfaces,
    /// or refuses for another reason.</exception>
    /// <exception cref="NotSupportedException">The interface is of another kind.</exception>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of range.</exception>
    public static TapLink Open(string device, TapLinkOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(device);
        options ??= new TapLinkOptions();
        options.Validate();
        LinkMedium medium = options.Medium;
        if (Obstacle(device, medium, out InterfaceFacts? existing) is LinkAccess obstacle)
            throw obstacle.ToException();

        TapHandle tap = TapHandle.TryOpen(device, medium, options.MultiQueue, out int error, options.PrefersQueues)
            ?? throw Explain(device, medium, error).ToException();
        Socket? questions = null;
        try
        {
            questions = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
            int socket = (int)questions.Handle;
            if (existing is null && !LinuxInterface.TrySwitchOn(socket, tap.Name))
                throw Explain(tap.Name, medium, Marshal.GetLastPInvokeError()).ToException();
            InterfaceFacts facts = LinuxInterface.Find(socket, tap.Name)
                ?? throw new LinkDownException($"The interface '{tap.Name}' is gone: it was deleted.");
            return new TapLink(tap, questions, facts, medium);
        }
        catch
        {
            tap.Dispose();
            questions?.Dispose();
            throw;
        }
    }

    /// <summary>Whether an interface can be opened, at this moment and by the calling thread.</summary>
    internal static LinkAccess Check(string device, LinkMedium medium)
    {
        if (Obstacle(device, medium, out InterfaceFacts? existing) is LinkAccess obstacle)
            return obstacle;
        if (existing is null)
            return LinkAccess.Granted(SchemeOf(medium) + device);

        // Nobody is attached to an interface without a carrier, so that nobody loses anything by a trial. Who asks for
        // a single queue of one that is in use is told what is in the way, and is never attached.
        bool? multiQueue = existing.IsRunning ? false : null;
        using TapHandle? tap = TapHandle.TryOpen(device, medium, multiQueue, out int error);
        bool maySucceed = tap is not null || (existing.IsRunning && error == LibcNative.InvalidArgument);
        return maySucceed ? LinkAccess.Granted(SchemeOf(medium) + device) : Explain(device, medium, error);
    }

    // What is in the way as far as can be told without an attempt; null if nothing.
    private static LinkAccess? Obstacle(string device, LinkMedium medium, out InterfaceFacts? existing)
    {
        existing = null;
        string scheme = SchemeOf(medium);
        if (!IsSupported)
            return new LinkAccess(
                scheme + device, LinkProblem.UnsupportedSystem, "TAP and TUN links exist on Linux only.",
                "Use 'pcap:' and a network card's name here.");
        if (!TapHandle.IsAllowed(out int error))
            return LinkProblems.TapControl(scheme + device, error, ControlMode());

        existing = InterfaceFacts.Find(device);
        if (existing is not null && (existing.Driver != LinuxInterface.TapDriver
            || existing.IsEthernet != (medium == LinkMedium.Ethernet)))
            return OtherKind(device, medium);
        if (existing is { IsUp: false })
            return LinkProblems.Down(scheme, device);
        return existing is null && !MayMakeInterfaces() ? Missing(device, medium) : null;
    }

    private static UnixFileMode? ControlMode()
    {
        var file = new FileInfo(TapHandle.ControlFile);
        return file.Exists ? file.UnixFileMode : null;
    }

    private static LinkAccess Explain(string device, LinkMedium medium, int error)
    {
        string name = SchemeOf(medium) + device;
        string why = Marshal.GetPInvokeErrorMessage(error);
        return error switch
        {
            LibcNative.InvalidArgument => OtherKind(device, medium),
            LibcNative.NotPermitted => new LinkAccess(
                name, LinkProblem.MissingPermission, $"The interface '{device}' belongs to another user.",
                $"Make it again as yours: 'sudo ip link delete {device}', then {HowToMake(device, medium)}."),
            LibcNative.Busy => new LinkAccess(
                name, LinkProblem.Refused, $"Another program has the interface '{device}', which has a single queue.",
                $"Take another one: {HowToMake(KindOf(medium) + "1", medium)}."),
            _ => LinkProblems.Refused(SchemeOf(medium), device, why),
        };
    }

    private static LinkAccess OtherKind(string device, LinkMedium medium) => new(
        SchemeOf(medium) + device, LinkProblem.UnsupportedDevice,
        $"The interface '{device}' is no {KindOf(medium).ToUpperInvariant()} interface, or has another kind of queues.",
        $"'tap:' and 'tun:' attach to interfaces that were made as such: {HowToMake(KindOf(medium) + "1", medium)}.");

    private static LinkAccess Missing(string device, LinkMedium medium) => new(
        SchemeOf(medium) + device, LinkProblem.MissingPermission,
        $"There is no interface '{device}', and this process lacks CAP_NET_ADMIN to create it.",
        $"Create it once as root; opening it then needs no rights: {HowToMake(device, medium)}.");

    private static string HowToMake(string device, LinkMedium medium) =>
        $"'sudo ip tuntap add dev {device} mode {KindOf(medium)} user $USER && "
        + $"sudo ip addr add 10.9.0.1/24 dev {device} && sudo ip link set {device} up'";

    // The system's own answer comes with the attempt; here it is only asked whether one would be hopeless.
    private static bool MayMakeInterfaces()
    {
        if (!File.Exists(StatusFile))
            return true;

        string? line = File.ReadLines(StatusFile)
            .FirstOrDefault(line => line.StartsWith(CapabilityLine, StringComparison.Ordinal));
        return line is null
            || !ulong.TryParse(
                line.AsSpan(CapabilityLine.Length).Trim(), NumberStyles.HexNumber, CultureInfo.InvariantCulture,
                out ulong capabilities)
            || (capabilities >> NetworkAdministration & 1) != 0;
    }

    private static string SchemeOf(LinkMedium medium) => medium == LinkMedium.Ethernet ? TapScheme : TunScheme;

    private static string KindOf(LinkMedium medium) => medium == LinkMedium.Ethernet ? "tap" : "tun";

    // The interface's address is the system's, at the near end; at this end the stack has its own.
    private static LinkInfo Describe(string device, int mtu, LinkMedium medium) => new()
    {
        Name = SchemeOf(medium) + device,
        Mtu = mtu,
        Medium = medium,
        Features = Offloads | (medium == LinkMedium.Ip ? LinkFeatures.PointToPoint : LinkFeatures.None),
        MaxReceiveFrame = RxBatch.MaxFrameBytes,
    };
}
