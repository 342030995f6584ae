namespace UserTcp.Links;

// What happens before there is a link.
public sealed partial class PacketSocketLink
{
    internal const string Scheme = "packet:";

    private const LinkFeatures Offloads =
        LinkFeatures.TransmitChecksum | LinkFeatures.TransmitSegmentation | LinkFeatures.ReceiveCoalesces
        | LinkFeatures.ReceiveChecksumInfo;

    /// <summary>Whether this system has packet sockets: Linux does. Never throws.</summary>
    public static bool IsSupported => OperatingSystem.IsLinux();

    /// <summary>Opens an interface.</summary>
    /// <param name="device">Its name, for instance <c>eth0</c>.</param>
    /// <param name="options">How; null for the defaults.</param>
    /// <returns>The link, ready to send and receive.</returns>
    /// <exception cref="PlatformNotSupportedException">This system is not Linux.</exception>
    /// <exception cref="LinkNotFoundException">There is no such interface; the message names those that
    /// exist.</exception>
    /// <exception cref="UnauthorizedAccessException">The process lacks CAP_NET_RAW.</exception>
    /// <exception cref="IOException">The interface is down, or the system refuses it for another reason.</exception>
    /// <exception cref="NotSupportedException">
    /// The interface does not carry Ethernet, or is the loopback, where no host would answer.
    /// </exception>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of range.</exception>
    public static PacketSocketLink Open(string device, PacketSocketLinkOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(device);
        options = options?.Copy() ?? new PacketSocketLinkOptions();
        options.Validate();
        LinkAccess access = Examine(device, out InterfaceFacts? found);
        if (found is not InterfaceFacts facts || !access.IsGranted)
            throw access.ToException();

        var socket = PacketHandle.Open(facts.Index, options, PacketFilter.Compile(null));
        try
        {
            if (options.Promiscuous == true)
                socket.ReceiveEverything();
            return new PacketSocketLink(device, socket, facts, options);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Whether an interface can be opened, at this moment and by the calling thread.</summary>
    internal static LinkAccess Check(string device) => Examine(device, out _);

    private static LinkAccess Examine(string device, out InterfaceFacts? facts)
    {
        facts = null;
        if (!IsSupported)
            return new LinkAccess(
                Scheme + device, LinkProblem.UnsupportedSystem, "Packet sockets exist on Linux only.",
                $"Use '{PcapLink.Scheme}{device}' here.");
        facts = InterfaceFacts.Find(device);
        if (facts is null)
            return LinkProblems.Missing(Scheme, device, InterfaceFacts.Names());
        if (facts.IsLoopback)
            return LinkProblems.Loopback(Scheme, device);
        if (!facts.IsEthernet)
            return new LinkAccess(
                Scheme + device, LinkProblem.UnsupportedDevice, $"The interface '{device}' does not carry Ethernet.",
                $"Use '{PcapLink.Scheme}{device}'.");
        if (!facts.IsUp)
            return LinkProblems.Down(Scheme, device);
        if (!PacketHandle.IsAllowed(out string why, out bool isPermission))
            return isPermission
                ? LinkProblems.Forbidden(Scheme, device, why)
                : LinkProblems.Refused(Scheme, device, why);

        return LinkAccess.Granted(Scheme + device);
    }

    private static LinkInfo Describe(string device, InterfaceFacts facts) => new()
    {
        Name = Scheme + device,
        Mtu = facts.Mtu,
        MacAddress = facts.MacAddress,
        Medium = LinkMedium.Ethernet,
        Features = Offloads,
        MaxReceiveFrame = RxBatch.MaxFrameBytes,
    };

    // The system doubles what it is asked for, to have room for its own overhead.
    private static string? WarningFor(PacketHandle socket, PacketSocketLinkOptions options)
    {
        int granted = socket.ReceiveBufferBytes / 2;
        return granted >= options.ReceiveBufferBytes
            ? null
            : $"The receive buffer has {granted:N0} bytes instead of {options.ReceiveBufferBytes:N0}, and bursts may "
            + "overflow it: grant CAP_NET_ADMIN, or raise net.core.rmem_max by 'sysctl'.";
    }
}
