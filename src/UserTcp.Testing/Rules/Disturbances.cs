using UserTcp.Wire;

namespace UserTcp.Testing.Rules;

/// <summary>Every frame takes longer, by a random time; whether it can be overtaken is a choice.</summary>
/// <param name="least">The least delay.</param>
/// <param name="most">The greatest delay.</param>
/// <param name="keepsOrder">Whether frames arrive in the order in which they were sent.</param>
public sealed class Jitter(TimeSpan least, TimeSpan most, bool keepsOrder = true) : ILinkRule
{
    /// <inheritdoc/>
    public Fate OnFrame(ReadOnlySpan<byte> frame, TimeSpan now, SeededRandom random)
    {
        TimeSpan latency = random.Next(least, most);
        return keepsOrder ? Fate.DelayInOrder(latency) : Fate.Delay(latency);
    }
}

/// <summary>Some frames are held back and overtaken by those behind them.</summary>
/// <param name="probability">From 0 to 1.</param>
/// <param name="most">The longest time that a frame is held back.</param>
public sealed class Reordering(double probability, TimeSpan most) : ILinkRule
{
    /// <inheritdoc/>
    public Fate OnFrame(ReadOnlySpan<byte> frame, TimeSpan now, SeededRandom random) =>
        random.Chance(probability) ? Fate.Delay(random.Next(TimeSpan.Zero, most)) : Fate.Pass;
}

/// <summary>Some frames arrive twice.</summary>
/// <param name="probability">From 0 to 1.</param>
public sealed class Duplication(double probability) : ILinkRule
{
    /// <inheritdoc/>
    public Fate OnFrame(ReadOnlySpan<byte> frame, TimeSpan now, SeededRandom random) =>
        random.Chance(probability) ? Fate.Duplicate() : Fate.Pass;
}

/// <summary>
/// A bit of some IP packets is inverted, as by bad memory in a router. Link headers and ARP, which no checksum of IP or
/// TCP covers, stay unchanged.
/// </summary>
/// <param name="probability">From 0 to 1.</param>
public sealed class Corruption(double probability) : ILinkRule
{
    private const int BitsPerByte = 8;

    /// <inheritdoc/>
    public Fate OnFrame(ReadOnlySpan<byte> frame, TimeSpan now, SeededRandom random)
    {
        // What a rule before this one cut short may have no packet left.
        int bits = (frame.Length - EthernetHeader.Size) * BitsPerByte;
        if (bits <= 0 || !FrameKind.IsIpv4(frame) || !random.Chance(probability))
            return Fate.Pass;

        return Fate.Corrupt(EthernetHeader.Size * BitsPerByte + random.Next(bits));
    }
}

/// <summary>Some IP packets lose their end.</summary>
/// <param name="probability">From 0 to 1.</param>
public sealed class Truncation(double probability) : ILinkRule
{
    /// <inheritdoc/>
    public Fate OnFrame(ReadOnlySpan<byte> frame, TimeSpan now, SeededRandom random)
    {
        // What a rule before this one cut short may have no packet left.
        int bytes = frame.Length - EthernetHeader.Size;
        return bytes > 0 && FrameKind.IsIpv4(frame) && random.Chance(probability)
            ? Fate.Truncate(1 + random.Next(bytes))
            : Fate.Pass;
    }
}

/// <summary>
/// Pure acknowledgements are held and released together, as radio links and cable modems do.
/// </summary>
/// <param name="period">The time between two releases; more than zero.</param>
public sealed class AckCompression(TimeSpan period) : ILinkRule
{
    /// <inheritdoc/>
    public Fate OnFrame(ReadOnlySpan<byte> frame, TimeSpan now, SeededRandom random) => FrameKind.IsPureAck(frame)
        ? Fate.Delay(new TimeSpan(period.Ticks - now.Ticks % period.Ticks))
        : Fate.Pass;
}

/// <summary>Applies another rule for a limited time.</summary>
/// <param name="rule">The rule; it does not see the frames outside of its time.</param>
/// <param name="from">When it begins, on the network's clock.</param>
/// <param name="to">When it ends.</param>
public sealed class Timed(ILinkRule rule, TimeSpan from, TimeSpan to) : ILinkRule
{
    /// <inheritdoc/>
    public Fate OnFrame(ReadOnlySpan<byte> frame, TimeSpan now, SeededRandom random)
    {
        ArgumentNullException.ThrowIfNull(random);
        return now >= from && now < to ? rule.OnFrame(frame, now, random) : Fate.Pass;
    }
}
