using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Net.NetworkInformation;
using System.Net.Sockets;

namespace UserTcp.Links;

/// <summary>
/// The names that <see cref="LinkDevice.Open"/> takes: a scheme, a colon, and what the scheme calls its devices. A
/// device's name alone means the best link to it: a packet socket where the system has them, else pcap.
/// </summary>
/// <remarks>
/// <c>packet:eth0</c> is a <see cref="PacketSocketLink"/>, <c>pcap:eth0</c> a <see cref="PcapLink"/>, <c>tap:tap0</c>
/// and <c>tun:tun0</c> are a <see cref="TapLink"/>.
/// <c>virtual:lab</c> is a <see cref="VirtualLink"/> within the process: the first to open the name gets one end, the
/// next one the other.
/// </remarks>
public static class LinkNames
{
    private const char Separator = ':';
    private const int OwnSchemes = 3;

    /// <summary>Every scheme there is, and what it does with a device's name. The first two are the best.</summary>
    private static ImmutableArray<Kind> s_kinds =
    [
        new("packet", (device, _) => PacketSocketLink.Open(device), PacketSocketLink.Check),
        new("pcap", (device, _) => PcapLink.Open(device), PcapLink.Check),
        new("tap", (device, queues) => OpenTap(device, LinkMedium.Ethernet, queues),
            device => TapLink.Check(device, LinkMedium.Ethernet)),
        new("tun", (device, queues) => OpenTap(device, LinkMedium.Ip, queues),
            device => TapLink.Check(device, LinkMedium.Ip)),
        new("virtual", (name, _) => NamedPairs.Open(name), name => LinkAccess.Granted($"virtual:{name}")),
    ];

    /// <summary>The schemes that <see cref="LinkDevice.Open"/> knows.</summary>
    public static IReadOnlyList<string> Schemes => [.. s_kinds.Select(kind => kind.Scheme)];

    /// <summary>Adds a scheme, for links of one's own; another one of the same name is replaced. Thread-safe.</summary>
    /// <param name="scheme">What stands before the colon.</param>
    /// <param name="open">Opens a device by what stands behind it.</param>
    /// <param name="check">Says whether that would succeed; null if this cannot be known beforehand.</param>
    /// <exception cref="ArgumentException">The scheme is empty, has a colon, or is the library's own.</exception>
    public static void Register(
        string scheme, Func<string, LinkDevice> open, Func<string, LinkAccess>? check = null)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(scheme);
        ArgumentNullException.ThrowIfNull(open);
        if (scheme.Contains(Separator) || s_kinds[..OwnSchemes].Any(kind => kind.Scheme == scheme))
            throw new ArgumentException($"'{scheme}' cannot be the scheme of other links.", nameof(scheme));

        var added = new Kind(scheme, (device, _) => open(device), check ?? (device => LinkAccess.Granted($"{scheme}:{device}")));
        ImmutableInterlocked.Update(
            ref s_kinds, (kinds, one) => [.. kinds.Where(kind => kind.Scheme != one.Scheme), one], added);
    }

    /// <summary>As <see cref="LinkDevice.Open"/>, for a stack that will ask for so many queues.</summary>
    internal static LinkDevice Open(string name, int queues = 1)
    {
        ArgumentNullException.ThrowIfNull(name);
        return TryParse(name, out Kind? kind, out string device)
            ? kind.Open(device, queues)
            : throw new ArgumentException(Unknown(name).ToString(), nameof(name));
    }

    /// <inheritdoc cref="LinkDevice.CheckAccess"/>
    internal static LinkAccess CheckAccess(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        try
        {
            return TryParse(name, out Kind? kind, out string device) ? kind.Check(device) : Unknown(name);
        }
        catch (Exception e) when (e is IOException or SocketException or NetworkInformationException)
        {
            // The system does not even say what there is, for want of descriptors for instance.
            return new LinkAccess(name, LinkProblem.Refused, $"'{name}' cannot be examined: {e.Message}", "");
        }
    }

    private static bool TryParse(string name, [NotNullWhen(true)] out Kind? kind, out string device)
    {
        int colon = name.IndexOf(Separator, StringComparison.Ordinal);
        device = name[(colon + 1)..];
        kind = colon < 0 ? BestFor(device) : s_kinds.FirstOrDefault(known => known.Scheme == name[..colon]);
        return kind is not null && !string.IsNullOrWhiteSpace(device);
    }

    // What a packet socket lacks for want of rights pcap lacks as well; only where there can be none is pcap better.
    private static Kind BestFor(string device)
    {
        bool isPacket = !string.IsNullOrWhiteSpace(device) && PacketSocketLink.Check(device).Problem
            is not (LinkProblem.UnsupportedSystem or LinkProblem.UnsupportedDevice);
        return s_kinds[isPacket ? 0 : 1];
    }

    private static LinkAccess Unknown(string name) => new(
        name, LinkProblem.UnknownName, $"'{name}' is not the name of a link.",
        $"Known schemes: {string.Join(", ", Schemes)}; for instance 'packet:eth0', or 'eth0' for the best there is.");

    private static TapLink OpenTap(string device, LinkMedium medium, int queues) =>
        TapLink.Open(device, new TapLinkOptions { Medium = medium, PrefersQueues = queues > 1 });

    private sealed record Kind(string Scheme, Func<string, int, LinkDevice> Open, Func<string, LinkAccess> Check);
}
