namespace UserTcp.Lab.Tests.Wires;

/// <summary>What a bad wire does, as probabilities for each frame, and the seed that decides.</summary>
internal sealed record Impairment(int Seed)
{
    public double Loss { get; init; }

    public double Duplication { get; init; }

    /// <summary>A frame is held back until one to eight later ones have passed, or 5 ms of silence.</summary>
    public double Reordering { get; init; }

    /// <summary>One bit behind the Ethernet header of an IPv4 packet is flipped.</summary>
    public double Corruption { get; init; }
}

/// <summary>What a wire did, both directions together.</summary>
internal sealed record WireCounts(long Seen, long Lost, long Duplicated, long Reordered, long Corrupted);
