namespace UserTcp;

/// <summary>
/// The parts of loss detection and recovery, each on by default. For experiments, comparisons and tests: a connection
/// that is to be fast leaves them all on.
/// </summary>
public sealed record UserTcpLossRecoveryOptions
{
    /// <summary>
    /// Losses are found by time (RACK, RFC 8985 §6); off, by counting (RFC 6675). Needs selective acknowledgements.
    /// </summary>
    public bool Rack { get; init; } = true;

    /// <summary>The end of a flight is probed before a timeout (TLP, RFC 8985 §7). Needs selective
    /// acknowledgements.</summary>
    public bool TailLossProbe { get; init; } = true;

    /// <summary>The window is walked down in proportion to what arrives (PRR, RFC 6937), not cut at once.</summary>
    public bool ProportionalRateReduction { get; init; } = true;

    /// <summary>After a timeout two segments of new text tell whether it was one (F-RTO, RFC 5682).</summary>
    public bool ForwardRtoRecovery { get; init; } = true;

    /// <summary>
    /// What a timeout or a recovery reduced is restored when timestamps (RFC 3522, RFC 4015) or duplicate selective
    /// acknowledgements (RFC 3708) show that nothing had been lost.
    /// </summary>
    public bool UndoSpurious { get; init; } = true;

    /// <summary>The first two duplicate acknowledgements let new text out (RFC 3042).</summary>
    public bool LimitedTransmit { get; init; } = true;

    /// <summary>Text that arrives twice is reported to the sender (D-SACK, RFC 2883).</summary>
    public bool DuplicateSack { get; init; } = true;
}
