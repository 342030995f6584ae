namespace UserTcp.Links;

/// <summary>The names of links: a scheme, a colon, and what the scheme calls its devices.</summary>
public static class LinkNames
{
    private const string Pcap = "pcap";

    /// <summary>The schemes that <see cref="Open"/> knows.</summary>
    public static IReadOnlyList<string> Schemes { get; } = [Pcap];

    /// <summary>Opens a link by its name.</summary>
    /// <param name="name">For instance <c>pcap:eth0</c>.</param>
    /// <returns>The device. It may want a <see cref="SoftwareOffload"/> in front.</returns>
    /// <exception cref="ArgumentException">The name has no scheme that is known, or nothing behind it.</exception>
    /// <exception cref="IOException">The device cannot be opened; see <see cref="PcapLink.Open"/>.</exception>
    public static LinkDevice Open(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        int colon = name.IndexOf(':', StringComparison.Ordinal);
        string device = name[(colon + 1)..];
        if (colon < 0 || string.IsNullOrWhiteSpace(device) || name[..colon] != Pcap)
            throw new ArgumentException(
                $"'{name}' is not the name of a link. Known schemes: {string.Join(", ", Schemes)}; "
                + "for instance 'pcap:eth0'.",
                nameof(name));

        return PcapLink.Open(device);
    }
}
