namespace UserTcp.Testing.Rules;

/// <summary>Frames are lost at random, each independently of the others.</summary>
/// <param name="probability">From 0 to 1.</param>
public sealed class RandomLoss(double probability) : ILinkRule
{
    /// <inheritdoc/>
    public Fate OnFrame(ReadOnlySpan<byte> frame, TimeSpan now, SeededRandom random) =>
        random.Chance(probability) ? Fate.Drop : Fate.Pass;
}

/// <summary>
/// Frames are lost in bursts: a channel that is good or bad and changes at random with each frame (Gilbert 1960,
/// Elliott 1963).
/// </summary>
/// <param name="beginning">The probability that a good channel turns bad, from 0 to 1.</param>
/// <param name="ending">The probability that a bad one turns good, from 0 to 1: bursts last 1 / ending frames.</param>
/// <param name="lossWhenBad">The probability of loss while it is bad, from 0 to 1.</param>
/// <param name="lossWhenGood">The probability of loss while it is good, from 0 to 1.</param>
public sealed class BurstLoss(double beginning, double ending, double lossWhenBad = 1, double lossWhenGood = 0)
    : ILinkRule
{
    private bool _isBad;

    /// <inheritdoc/>
    public Fate OnFrame(ReadOnlySpan<byte> frame, TimeSpan now, SeededRandom random)
    {
        if (random.Chance(_isBad ? ending : beginning))
            _isBad = !_isBad;
        return random.Chance(_isBad ? lossWhenBad : lossWhenGood) ? Fate.Drop : Fate.Pass;
    }
}

/// <summary>Every nth frame is lost.</summary>
/// <param name="n">At least 1, which loses all.</param>
public sealed class PeriodicLoss(int n) : ILinkRule
{
    private long _count;

    /// <inheritdoc/>
    public Fate OnFrame(ReadOnlySpan<byte> frame, TimeSpan now, SeededRandom random) =>
        ++_count % n == 0 ? Fate.Drop : Fate.Pass;
}

/// <summary>Chooses frames.</summary>
/// <param name="frame">The Ethernet frame.</param>
/// <param name="number">How many frames the rule has seen, this one included; from 1.</param>
/// <returns>Whether the frame is chosen.</returns>
public delegate bool FramePredicate(ReadOnlySpan<byte> frame, long number);

/// <summary>
/// Certain frames are lost: <c>new ChosenLoss((frame, n) => n == 7)</c>, or <c>FrameKind.IsSyn(frame)</c>.
/// </summary>
/// <param name="isChosen">Whether a frame is one of them.</param>
/// <param name="limit">How many are lost at most.</param>
public sealed class ChosenLoss(FramePredicate isChosen, int limit = int.MaxValue) : ILinkRule
{
    private long _count;
    private int _lost;

    /// <inheritdoc/>
    public Fate OnFrame(ReadOnlySpan<byte> frame, TimeSpan now, SeededRandom random)
    {
        _count++;
        if (_lost >= limit || !isChosen(frame, _count))
            return Fate.Pass;

        _lost++;
        return Fate.Drop;
    }
}

/// <summary>Only pure acknowledgements are lost.</summary>
/// <param name="probability">From 0 to 1.</param>
public sealed class AckLoss(double probability) : ILinkRule
{
    /// <inheritdoc/>
    public Fate OnFrame(ReadOnlySpan<byte> frame, TimeSpan now, SeededRandom random) =>
        FrameKind.IsPureAck(frame) && random.Chance(probability) ? Fate.Drop : Fate.Pass;
}

/// <summary>Only ARP is lost.</summary>
/// <param name="probability">From 0 to 1.</param>
public sealed class ArpLoss(double probability) : ILinkRule
{
    /// <inheritdoc/>
    public Fate OnFrame(ReadOnlySpan<byte> frame, TimeSpan now, SeededRandom random) =>
        FrameKind.IsArp(frame) && random.Chance(probability) ? Fate.Drop : Fate.Pass;
}

/// <summary>Everything is lost. On one direction of a link: an asymmetric cut.</summary>
public sealed class Cut : ILinkRule
{
    /// <inheritdoc/>
    public Fate OnFrame(ReadOnlySpan<byte> frame, TimeSpan now, SeededRandom random) => Fate.Drop;
}

/// <summary>Packets above a size are lost without an ICMP message: a path MTU black hole.</summary>
/// <param name="mtu">The largest IP packet that passes, in bytes.</param>
public sealed class BlackHole(int mtu) : ILinkRule
{
    private const int LinkHeaderBytes = 14;

    /// <inheritdoc/>
    public Fate OnFrame(ReadOnlySpan<byte> frame, TimeSpan now, SeededRandom random) =>
        frame.Length > mtu + LinkHeaderBytes ? Fate.Drop : Fate.Pass;
}
