namespace UserTcp.Testing.Packetdrill;

/// <summary>The system that a script was written for, whose settings it takes for granted.</summary>
public enum PacketdrillProfile
{
    /// <summary>Told by the script's own words.</summary>
    Auto,

    /// <summary>Linux.</summary>
    Linux,

    /// <summary>FreeBSD.</summary>
    FreeBsd,
}

/// <summary>How scripts are run.</summary>
public sealed record PacketdrillOptions
{
    /// <summary>The system that the script was written for.</summary>
    public PacketdrillProfile Profile { get; init; }

    /// <summary>
    /// Whether everything that is written must be so: windows, the order of options and their padding, PSH, timestamps,
    /// sizes of buffers. Otherwise what any TCP owes by the RFCs, however it does the rest.
    /// </summary>
    public bool IsStrict { get; init; }
}
