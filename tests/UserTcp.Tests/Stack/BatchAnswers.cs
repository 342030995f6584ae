using UserTcp.Primitives;
using UserTcp.Wire;

namespace UserTcp.Tests.Stack;

/// <summary>When the answers to a batch are as good as those to its segments one by one; see <see cref="BatchTests"/>.
/// </summary>
internal static class BatchAnswers
{
    /// <summary>What is wrong with the answers to the batch; null if nothing is.</summary>
    public static string? Difference(
        IReadOnlyList<SentFrame> single, IReadOnlyList<SentFrame> batch, bool peerHasReset)
    {
        string? wrong = CompareOthers(single, batch, peerHasReset) ?? CompareAcks(single, batch, peerHasReset);
        return wrong is null ? null : $"{wrong}: sent{Text(batch)}, one by one{Text(single)}";
    }

    private static string? CompareOthers(
        IReadOnlyList<SentFrame> single, IReadOnlyList<SentFrame> batch, bool peerHasReset)
    {
        var left = new Queue<SentFrame>(batch.Where(frame => !IsBareAck(frame)));
        foreach (SentFrame wanted in single.Where(frame => !IsBareAck(frame)))
        {
            if (left.TryPeek(out SentFrame? came) && IsSame(wanted, came))
                left.Dequeue();
            else if (!MayBeMissing(wanted, batch, peerHasReset))
                return $"no {Text(wanted)}";
        }

        return left.TryPeek(out SentFrame? more) ? $"{Text(more)} was not to be sent" : null;
    }

    // The peer of a simultaneous open that has our SYN needs no SYN any more; an ACK must cover its own.
    private static bool MayBeMissing(SentFrame wanted, IReadOnlyList<SentFrame> batch, bool peerHasReset) =>
        wanted.Flags == (TcpFlags.Syn | TcpFlags.Ack) && (peerHasReset || IsCovered(wanted, batch));

    private static string? CompareAcks(
        IReadOnlyList<SentFrame> single, IReadOnlyList<SentFrame> batch, bool peerHasReset)
    {
        foreach (SentFrame sent in batch.Where(IsBareAck))
        {
            if (!single.Any(frame => IsBareAck(frame) && frame.Seq == sent.Seq && frame.Ack == sent.Ack)
                && !single.Any(frame => frame.Flags.HasFlag(TcpFlags.Syn) && Covers(sent, frame)))
            {
                return $"{Text(sent)} was not to be sent";
            }
        }

        SentFrame? missing = single.FirstOrDefault(frame => IsBareAck(frame) && !IsCovered(frame, batch));
        return missing is null || peerHasReset ? null : $"nothing says what {Text(missing)} does";
    }

    private static bool IsBareAck(SentFrame frame) => frame.Flags == TcpFlags.Ack && frame.Text.Length == 0;

    private static bool IsSame(SentFrame wanted, SentFrame came) =>
        wanted.Flags == came.Flags && wanted.Seq == came.Seq && wanted.Text.AsSpan().SequenceEqual(came.Text)
        && (came.Ack == wanted.Ack || (!IsReset(came) && new SeqNumber(came.Ack) > new SeqNumber(wanted.Ack)));

    private static bool IsReset(SentFrame frame) => frame.Flags.HasFlag(TcpFlags.Rst);

    private static bool IsCovered(SentFrame frame, IReadOnlyList<SentFrame> batch) =>
        batch.Any(later => Covers(later, frame));

    private static bool Covers(SentFrame later, SentFrame frame) =>
        later.Flags.HasFlag(TcpFlags.Ack)
        && new SeqNumber(later.Ack) >= new SeqNumber(frame.Ack) && End(later) >= new SeqNumber(frame.Seq);

    private static SeqNumber End(SentFrame frame) =>
        new SeqNumber(frame.Seq) + (uint)frame.Text.Length
        + ((frame.Flags & (TcpFlags.Syn | TcpFlags.Fin)) != 0 ? 1u : 0u);

    private static string Text(SentFrame frame) => $"[{frame.Flags} {frame.Seq} {frame.Ack} ({frame.Text.Length})]";

    private static string Text(IEnumerable<SentFrame> frames) => string.Concat(frames.Select(Text));
}
