using UserTcp.Links.Native;
using UserTcp.Wire;

namespace UserTcp.Links;

// What happens before there is a link.
public sealed partial class PcapLink
{
    private const string Scheme = "pcap:";
    private const int FrameOverhead = EthernetHeader.Size + 4; // with a VLAN tag
    private const int BufferBytes = 16 << 20;
    private const int MergedBufferBytes = 64 << 20;

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
    /// <exception cref="UnauthorizedAccessException">The process lacks CAP_NET_RAW or CAP_NET_ADMIN.</exception>
    /// <exception cref="IOException">The interface is down, or the system refuses it for another reason.</exception>
    /// <exception cref="NotSupportedException">The interface carries neither Ethernet nor bare IP.</exception>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of range.</exception>
    public static PcapLink Open(string device, PcapLinkOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(device);
        options ??= new PcapLinkOptions();
        options.Validate();
        ThrowIfNotSupported();
        InterfaceFacts facts = InterfaceFacts.Find(device) ?? throw NotFound(device);
        if (!facts.IsUp)
            throw new IOException($"The interface '{device}' is down. Switch it on first: 'ip link set {device} up'.");

        int snapLength = options.MaxReceiveFrame
            ?? (facts.Coalesces ? RxBatch.MaxFrameBytes : facts.Mtu + FrameOverhead);
        snapLength = Math.Min(snapLength, RxBatch.MaxFrameBytes);
        bool isPromiscuous = options.Promiscuous ?? !OperatingSystem.IsLinux();
        PcapHandle handle = PcapHandle.Open(
            device, snapLength, options.BufferBytes ?? BufferFor(snapLength, facts), isPromiscuous);
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

    // With 16 MiB for merged frames, 255 slots, a thousand short frames in a burst lost one in twenty-five (measured on
    // veth: 500 transfers by curl); with 64 MiB none.
    private static int BufferFor(int snapLength, InterfaceFacts facts) =>
        snapLength > facts.Mtu + FrameOverhead ? MergedBufferBytes : BufferBytes;

    private static void ThrowIfNotSupported()
    {
        if (!IsSupported)
            throw new PcapNotFoundException();
    }

    private static LinkNotFoundException NotFound(string device)
    {
        string names = string.Join(", ", PcapDevice.List().Select(d => d.Name));
        return new LinkNotFoundException(
            $"There is no network interface '{device}'. "
            + (names.Length == 0 ? "The capture library sees none at all." : $"There are: {names}."));
    }

    private static LinkInfo Describe(
        string device, PcapHandle handle, InterfaceFacts facts, int snapLength, PcapLinkOptions options)
    {
        LinkMedium medium = PcapNative.DataLink(handle.DangerousGetHandle()) switch
        {
            PcapNative.LinkTypeEthernet => LinkMedium.Ethernet,
            PcapNative.LinkTypeRaw => LinkMedium.Ip,
            int other => throw new NotSupportedException(
                $"The interface '{device}' carries neither Ethernet nor bare IP (link type {other})."),
        };
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
