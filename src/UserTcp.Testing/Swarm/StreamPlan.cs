namespace UserTcp.Testing.Swarm;

/// <summary>What one end of a connection does.</summary>
internal sealed record StreamPlan
{
    /// <summary>The stream that it writes.</summary>
    public required ulong Writes { get; init; }

    /// <summary>The stream that it expects.</summary>
    public required ulong Reads { get; init; }

    /// <summary>How much it writes before its FIN.</summary>
    public required long Bytes { get; init; }

    /// <summary>The most that it writes, or reads, at once.</summary>
    public int Piece { get; init; } = int.MaxValue;

    /// <summary>The pause after a piece was read.</summary>
    public TimeSpan ReadPause { get; init; }

    /// <summary>The pause after a piece was written.</summary>
    public TimeSpan WritePause { get; init; }

    /// <summary>Whether its FIN waits until the peer's was read, as a server's; else it half-closes.</summary>
    public bool ClosesLast { get; init; }

    /// <summary>Gives up with a reset once it has read and written this much.</summary>
    public long? AbortsAfter { get; init; }

    /// <summary>Gives up with a reset so long after its connection was made, or begun to be made.</summary>
    public TimeSpan? AbortsAt { get; init; }

    /// <summary>Reads no more once it has read this much, until the network is well again: its window shuts.</summary>
    public long? StopsReadingAfter { get; init; }

    /// <summary>Every so many pieces that it writes, what was written last is urgent; 0 for never.</summary>
    public int UrgentEvery { get; init; }

    public bool MayAbort => AbortsAfter is not null || AbortsAt is not null;

    public override string ToString() =>
        $"{Bytes} bytes by {Piece}, pauses {ReadPause} and {WritePause}{(ClosesLast ? ", closes last" : "")}"
        + (AbortsAfter is null ? "" : $", aborts after {AbortsAfter}")
        + (AbortsAt is null ? "" : $", aborts at {AbortsAt}")
        + (StopsReadingAfter is null ? "" : $", stops reading after {StopsReadingAfter}")
        + (UrgentEvery == 0 ? "" : $", urgent every {UrgentEvery}");
}
