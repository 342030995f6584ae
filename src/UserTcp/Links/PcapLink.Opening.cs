using PacketDotNet;
using SharpPcap;
using UserTcp.Links.Native;
using UserTcp.Wire;

namespace UserTcp.Links;

// What happens before there is a link.
public sealed partial class PcapLink
{
    internal const string Scheme = "pcap:";
    private const int FrameOverhead = EthernetHeader.Size + 4; // with a VLAN tag
    private const int BufferBytes = 16 << 20;
    private const int MergedBufferBytes = 64 << 20;
    private const int LeastLongBytes = 4 << 20;

    /// <summary>Whether the capture library is installed. Never throws.</summary>
    public static bool IsSupported => PcapNative.TryLoad();

    /// <summary>Opens an interface.</summary>
    /// <param name="device">Its name, as in <see cref="LinkDevice.List"/>, for instance <c>eth0</c>; on Windows also
    /// its description, or SharpPcap's name for it (<c>\Device\NPF_{id}</c>).</param>
    /// <param name="options">How; null for the defaults.</param>
    /// <returns>The link, ready to send and receive.</returns>
    /// <exception cref="PcapNotFoundException">The capture library is not installed.</exception>
    /// <exception cref="LinkNotFoundException">There is no such interface; the message names those that
    /// exist.</exception>
    /// <exception cref="UnauthorizedAccessException">The process lacks CAP_NET_RAW.</exception>
    /// <exception cref="IOException">The interface is down, or the system refuses it for another reason.</exception>
    /// <exception cref="NotSupportedException">
    /// The interface carries neither Ethernet nor bare IP, or is the loopback, where no host would answer.
    /// </exception>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of range.</exception>
    public static PcapLink Open(string device, PcapLinkOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(device);
        options ??= new PcapLinkOptions();
        options.Validate();
        LinkAccess access = Examine(device, out InterfaceFacts? found);
        if (found is not InterfaceFacts facts || !access.IsGranted)
            throw access.ToException();

        int snapLength = options.MaxReceiveFrame
            ?? (facts.Coalesces ? LongestMerged(facts) : facts.Mtu + FrameOverhead);
        snapLength = Math.Min(snapLength, RxBatch.MaxFrameBytes);
        bool isPromiscuous = options.Promiscuous ?? !OperatingSystem.IsLinux();
        PulledPcapDevice pulled = PulledPcapDevice.TryOpen(
            device, snapLength, options.BufferBytes ?? BufferFor(snapLength, facts), isPromiscuous, out access)
            ?? throw access.ToException();
        try
        {
            return new PcapLink(device, pulled, facts, Describe(device, pulled, facts, snapLength, options), options);
        }
        catch
        {
            pulled.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Makes a link of a SharpPcap device of any kind: WinDivert, a TAP, a remote one, one of your own. Its events are
    /// used, which costs half as much CPU again as <see cref="Open"/>.
    /// </summary>
    /// <param name="device">
    /// A device that is open, with <c>Immediate = true</c>: else the system holds frames back. Its capture is started
    /// if it is not. A device of libpcap without a filter gets one for the stack's frames.
    /// </param>
    /// <param name="leaveOpen">Whether the device is left open when the link is disposed of.</param>
    /// <returns>The link. Frames that the stack does not fetch in time are dropped and counted.</returns>
    /// <exception cref="NotSupportedException">The device carries neither Ethernet nor bare IP.</exception>
    /// <exception cref="PcapException">The device cannot capture, for instance because it is not open.</exception>
    public static LinkDevice Wrap(ILiveDevice device, bool leaveOpen = false)
    {
        ArgumentNullException.ThrowIfNull(device);
        return new PushedPcapDevice(device, leaveOpen).Start();
    }

    /// <summary>
    /// Whether an interface can be opened, at this moment and by the calling thread. Opens it for that.
    /// </summary>
    internal static LinkAccess Check(string device)
    {
        LinkAccess access = Examine(device, out _);
        if (!access.IsGranted)
            return access;

        using PulledPcapDevice? pulled = PulledPcapDevice.TryOpen(
            device, RxBatch.UsualFrameBytes, RxBatch.UsualFrameBytes, isPromiscuous: false, out access);
        return pulled is null || MediumOf(pulled) is not null ? access : NotCarried(device, pulled);
    }

    /// <summary>What a device carries; null if the stack does not read it.</summary>
    internal static LinkMedium? MediumOf(IPcapDevice device) => device.LinkType switch
    {
        LinkLayers.Ethernet => LinkMedium.Ethernet,
        LinkLayers.Raw or LinkLayers.RawLegacy or LinkLayers.IPv4 => LinkMedium.Ip,
        _ => null,
    };

    internal static LinkAccess NotCarried(string device, IPcapDevice opened) => new(
        Scheme + device, LinkProblem.UnsupportedDevice,
        $"The interface '{device}' carries neither Ethernet nor bare IP (link type {opened.LinkType}).", "");

    // On Linux the library gives the slots of an Ethernet device 64 KiB at most, and longer frames come by LongFrames.
    // Other devices of Linux would get slots for the longest; they have none above 64 KiB.
    private static int LongestMerged(InterfaceFacts facts) =>
        facts.IsEthernet || !OperatingSystem.IsLinux() ? RxBatch.MaxFrameBytes : RxBatch.UsualFrameBytes;

    private static string? WarningFor(PulledPcapDevice pulled, LongFrames? longFrames) =>
        pulled.Warning is null && longFrames is { BufferBytes: < LeastLongBytes } few
            ? $"Only {few.BufferBytes:N0} bytes of frames above 64 KiB can wait, and more than that are lost: grant "
            + "CAP_NET_ADMIN, raise net.core.rmem_max by 'sysctl', or lower the peer's gso_ipv4_max_size."
            : pulled.Warning;

    // With 16 MiB for merged frames, 255 slots, a thousand short frames in a burst lost one in twenty-five (measured on
    // veth: 500 transfers by curl); with 64 MiB none.
    private static int BufferFor(int snapLength, InterfaceFacts facts) =>
        snapLength > facts.Mtu + FrameOverhead ? MergedBufferBytes : BufferBytes;

    private static LinkAccess Examine(string device, out InterfaceFacts? facts)
    {
        facts = InterfaceFacts.Find(device);
        if (facts is { IsLoopback: true })
            return LinkProblems.Loopback(Scheme, device);
        if (!IsSupported)
            return PcapNotFoundException.Access(device);
        if (facts is null)
            return LinkProblems.Missing(Scheme, device, InterfaceFacts.Names());

        return facts.IsUp ? LinkAccess.Granted(Scheme + device) : LinkProblems.Down(Scheme, device);
    }

    private static LinkInfo Describe(
        string device, PulledPcapDevice pulled, InterfaceFacts facts, int snapLength, PcapLinkOptions options)
    {
        LinkMedium medium = MediumOf(pulled) ?? throw NotCarried(device, pulled).ToException();
        LinkFeatures features = LinkFeatures.None;
        if (snapLength > facts.Mtu + FrameOverhead)
            features |= LinkFeatures.ReceiveCoalesces;
        if (options.ReceiveMayLackChecksum ?? facts.HasLocalSenders)
            features |= LinkFeatures.ReceiveMayLackChecksum;
        return new LinkInfo
        {
            Name = Scheme + device,
            Mtu = facts.Mtu,
            MacAddress = facts.MacAddress,
            Medium = medium,
            Features = features,
            MaxReceiveFrame = snapLength,
        };
    }
}
