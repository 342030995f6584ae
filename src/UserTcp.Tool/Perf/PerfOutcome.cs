namespace UserTcp.Tool.Perf;

/// <summary>How a test ended.</summary>
/// <param name="Test">The test.</param>
/// <param name="Own">What this side counted.</param>
/// <param name="Other">What the other one did.</param>
internal sealed record PerfOutcome(PerfTest Test, PerfResults Own, PerfResults Other)
{
    /// <summary>What came of each direction, the client's first.</summary>
    public IReadOnlyList<PerfDirection> Directions =>
        [.. Test.Streams.GroupBy(stream => stream.IsSender).Select(group => DirectionOf(group.Key, [.. group]))];

    private PerfDirection DirectionOf(bool ownSends, PerfStream[] streams)
    {
        PerfResults sender = ownSends ? Own : Other, receiver = ownSends ? Other : Own;
        return new PerfDirection(ownSends, Pick(sender), Pick(receiver), sender.HasRetransmits, sender.Congestion,
            receiver.Congestion);

        PerfStreamResult[] Pick(PerfResults results) =>
            [.. results.Streams.Where(result => streams.Any(stream => stream.Id == result.Id))];
    }
}

/// <summary>What came of one direction.</summary>
/// <param name="OwnSends">Whether this side sent.</param>
/// <param name="Sent">What the sender counted in its streams.</param>
/// <param name="Received">What the receiver did.</param>
/// <param name="HasRetransmits">Whether the sender knows what it sent again.</param>
/// <param name="SenderCongestion">The congestion control of the sender; null if it is not known.</param>
/// <param name="ReceiverCongestion">That of the receiver.</param>
internal sealed record PerfDirection(
    bool OwnSends, IReadOnlyList<PerfStreamResult> Sent, IReadOnlyList<PerfStreamResult> Received, bool HasRetransmits,
    string? SenderCongestion, string? ReceiverCongestion)
{
    /// <summary>What the receiver counted in a stream; null if it did not say.</summary>
    public PerfStreamResult? ReceivedBy(int id) => Received.FirstOrDefault(result => result.Id == id);
}
