using UserTcp.Links;

namespace UserTcp.Tool.Machine;

/// <summary>A link that the doctor looks at: its kind decides what may be in the way.</summary>
/// <param name="Given">As the user named it.</param>
/// <param name="Access">Whether it can be opened, and its whole name.</param>
internal sealed record ExaminedLink(string Given, LinkAccess Access)
{
    public string Device => Access.Name[(Access.Name.IndexOf(':', StringComparison.Ordinal) + 1)..];

    public bool IsPacketSocket => Scheme == "packet";

    public bool IsTap => Scheme == "tap";

    /// <summary>Within this process.</summary>
    public bool IsVirtual => Scheme == "virtual";

    /// <summary>Whether a device of the host is shared with its kernel, for which one needs capabilities.</summary>
    public bool IsWire => Scheme is "packet" or "pcap" or ""; // a name alone means one of the two

    private string Scheme => Access.Name[..Math.Max(0, Access.Name.IndexOf(':', StringComparison.Ordinal))];
}
