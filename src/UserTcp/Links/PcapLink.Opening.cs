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

    /// <summary>
    /// The devices that the capture library knows. Without permissions the list may be short or empty.
    /// </summary>
    /// <returns>The devices, in the library's order.</returns>
    /// <exception cref="PcapNotFoundException">The capture library is not installed.</exception>
    /// <exception cref="IOException">The library cannot list devices.</exception>
    public static IReadOnlyList<PcapDevice> ListDevices()
    {
        ThrowIfNotSupported();
        return PcapDevice.List();
    }

    /// <summary>Opens an interface.</summary>
    /// <param name="device">Its name, as in <see cref="ListDevices"/>, for instance <c>eth0</c>.</param>
    /// <param name="options">How; null for the defaults.</param>
    /// <returns>The link, ready to send and receive.</returns>
    /// <exception cref="PcapNotFoundException">The capture library is not installed.</exception>
    /// <exception cref="LinkNotFoundException">There is no such interface; the message names those that
    /// exist.</exception>
    /// <exception cref="UnauthorizedAccessException">The process lacks CAP_NET_RAW.</exception>
    /// <exception cref="IOException">The interface is down, or the system refuses it for another reason.</exception>
    /// <exception cref="NotSupportedException">
    /// The interface carries neither Ethernet nor bare IP, or is the loopback, where nobody would answer.
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
        PcapHandle handle = PcapHandle.TryOpen(
            device, snapLength, options.BufferBytes ?? BufferFor(snapLength, facts), isPromiscuous, out access)
            ?? throw access.ToException();
        try
        {
            return new PcapLink(device, handle, facts, Describe(device, handle, facts, snapLength, options), options);
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Whether an interface can be opened, at this moment and by the calling thread. Opens it for that.
    /// </summary>
    internal static LinkAccess Check(string device)
    {
        LinkAccess access = Examine(device, out _);
        if (!access.IsGranted)
            return access;

        using PcapHandle? handle = PcapHandle.TryOpen(
            device, RxBatch.UsualFrameBytes, RxBatch.UsualFrameBytes, isPromiscuous: false, out access);
        return handle is null || MediumOf(handle) is not null ? access : NotCarried(device, handle);
    }

    // On Linux the library gives the slots of an Ethernet device 64 KiB at most, and longer frames come by LongFrames.
    // Other devices of Linux would get slots for the longest; they have none above 64 KiB.
    private static int LongestMerged(InterfaceFacts facts) =>
        facts.IsEthernet || !OperatingSystem.IsLinux() ? RxBatch.MaxFrameBytes : RxBatch.UsualFrameBytes;

    private static string? WarningFor(PcapHandle handle, LongFrames? longFrames) =>
        handle.Warning is null && longFrames is { BufferBytes: < LeastLongBytes } few
            ? $"Only {few.BufferBytes:N0} bytes of frames above 64 KiB can wait, and more than that are lost: grant "
            + "CAP_NET_ADMIN, raise net.core.rmem_max by 'sysctl', or lower the peer's gso_ipv4_max_size."
            : handle.Warning;

    // With 16 MiB for merged frames, 255 slots, a thousand short frames in a burst lost one in twenty-five (measured on
    // veth: 500 transfers by curl); with 64 MiB none.
    private static int BufferFor(int snapLength, InterfaceFacts facts) =>
        snapLength > facts.Mtu + FrameOverhead ? MergedBufferBytes : BufferBytes;

    private static void ThrowIfNotSupported()
    {
        if (!IsSupported)
            throw new PcapNotFoundException();
    }

    private static LinkAccess Examine(string device, out InterfaceFacts? facts)
    {
        facts = InterfaceFacts.Find(device);
        if (facts is { IsLoopback: true })
            return LinkProblems.Loopback(Scheme, device);
        if (!IsSupported)
            return PcapNotFoundException.Access(device);
        if (facts is null)
            return LinkProblems.Missing(Scheme, device, [.. PcapDevice.List().Select(d => d.Name)]);

        return facts.IsUp ? LinkAccess.Granted(Scheme + device) : LinkProblems.Down(Scheme, device);
    }

    private static LinkMedium? MediumOf(PcapHandle handle) => PcapNative.DataLink(handle.DangerousGetHandle()) switch
    {
        PcapNative.LinkTypeEthernet => LinkMedium.Ethernet,
        PcapNative.LinkTypeRaw => LinkMedium.Ip,
        _ => null,
    };

    private static LinkAccess NotCarried(string device, PcapHandle handle) => new(
        Scheme + device, LinkProblem.UnsupportedDevice,
        $"The interface '{device}' carries neither Ethernet nor bare IP "
        + $"(link type {PcapNative.DataLink(handle.DangerousGetHandle())}).", "");

    private static LinkInfo Describe(
        string device, PcapHandle handle, InterfaceFacts facts, int snapLength, PcapLinkOptions options)
    {
        LinkMedium medium = MediumOf(handle) ?? throw NotCarried(device, handle).ToException();
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
