namespace UserTcp.Testing.Packetdrill;

/// <summary>The system that a script was written for, and whose settings it assumes.</summary>
public enum PacketdrillProfile
{
    /// <summary>The script's words decide.</summary>
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
    /// Whether everything is compared as written: windows, the order of options and their padding, PSH, timestamps,
    /// buffer sizes. Otherwise only what the RFCs require of any TCP.
    /// </summary>
    public bool IsStrict { get; init; }

    /// <summary>The shards of the stack.</summary>
    internal int Shards { get; init; } = 1;
}
