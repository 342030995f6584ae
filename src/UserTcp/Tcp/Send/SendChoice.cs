using UserTcp.Primitives;

namespace UserTcp.Tcp.Send;

/// <summary>The facts about the rest of the connection that the choice of the next segment needs.</summary>
internal readonly record struct SendOffer
{
    /// <summary>The sequence number after the last octet written.</summary>
    public SeqNumber DataEnd { get; init; }

    public bool FinQueued { get; init; }

    public bool NoDelay { get; init; }

    public bool Corked { get; init; }

    /// <summary>Octets of options beyond those of every segment (SACK blocks).</summary>
    public int ExtraOptionBytes { get; init; }

    public int MaxGsoBytes { get; init; }

    /// <summary>The probe timer ran out.</summary>
    public bool IsTailProbeDue { get; init; }

    /// <summary>The override timer of SWS avoidance ran out.</summary>
    public bool Override { get; init; }

    /// <summary>The persist timer ran out: the closed window is probed if nothing else can be sent.</summary>
    public bool IsWindowProbeDue { get; init; }
}

/// <summary>Observations of the choice of the next segment, whether there is one or not.</summary>
[Flags]
internal enum ChoiceNotes : byte
{
    None = 0,

    /// <summary>Nothing more could be sent, though the windows had room.</summary>
    AppLimited = 1 << 0,

    /// <summary>cwnd kept something back.</summary>
    CongestionLimited = 1 << 1,

    /// <summary>There is no new text to see by whether the timeout was one.</summary>
    GivesUpForward = 1 << 2,

    /// <summary>No larger segment is left to be probed.</summary>
    PathFound = 1 << 3,

    /// <summary>
    /// New text waits until there is room for a probe of the path, which is larger than each ACK makes room for.
    /// </summary>
    SavesForProbe = 1 << 4,
}

/// <summary>A stretch of the sequence space that is to be sent now; none if it has no octets.</summary>
internal struct SendChoice
{
    public SeqNumber Seq;
    public int Text;
    public int SegmentSize;

    /// <summary>The entry of the flight that is sent again, perhaps from within, or −1.</summary>
    public int FlightIndex;

    /// <summary>The size that the path is probed with (RFC 4821 §7.5), 0 for other segments.</summary>
    public int PathProbe;

    public bool Fin;

    /// <summary>An octet into a closed window.</summary>
    public bool IsProbe;

    /// <summary>A tail loss probe (RFC 8985 §7).</summary>
    public bool IsTailProbe;

    public ChoiceNotes Notes;

    public readonly bool IsNone => Text == 0 && !Fin;

    public readonly uint Length => (uint)Text + (Fin ? 1u : 0);
}
