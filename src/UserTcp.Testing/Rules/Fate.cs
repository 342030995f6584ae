namespace UserTcp.Testing.Rules;

/// <summary>
/// The decision of a rule about a frame. If a link has several rules, the first that drops a frame ends it; delays and
/// copies of the others add up.
/// </summary>
public readonly record struct Fate
{
    /// <summary>Nothing happens to the frame.</summary>
    public static Fate Pass => default;

    /// <summary>The frame is lost.</summary>
    public static Fate Drop => new() { IsDropped = true };

    /// <summary>Whether the frame is lost.</summary>
    public bool IsDropped { get; private init; }

    /// <summary>How much longer the frame travels than the link says.</summary>
    public TimeSpan Latency { get; private init; }

    /// <summary>Whether frames behind it wait, so that none overtakes it.</summary>
    public bool KeepsOrder { get; private init; }

    /// <summary>How many copies arrive besides the frame.</summary>
    public int Copies { get; private init; }

    /// <summary>The bit to invert, counted from the frame's first, plus one; 0 for none.</summary>
    internal int Bit { get; private init; }

    /// <summary>The bytes that are cut off at the end.</summary>
    internal int CutBytes { get; private init; }

    /// <summary>The frame arrives later, and others may overtake it.</summary>
    /// <param name="latency">How much later; not negative.</param>
    /// <returns>The fate.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The latency is negative.</exception>
    public static Fate Delay(TimeSpan latency) => new() { Latency = Checked(latency) };

    /// <summary>The frame arrives later, and so does all that is behind it.</summary>
    /// <param name="latency">How much later; not negative.</param>
    /// <returns>The fate.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The latency is negative.</exception>
    public static Fate DelayInOrder(TimeSpan latency) => new() { Latency = Checked(latency), KeepsOrder = true };

    /// <summary>The frame arrives more than once.</summary>
    /// <param name="copies">How many times more, at least once.</param>
    /// <returns>The fate.</returns>
    /// <exception cref="ArgumentOutOfRangeException">There are no copies.</exception>
    public static Fate Duplicate(int copies = 1)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(copies);
        return new Fate { Copies = copies };
    }

    /// <summary>
    /// One bit of the frame is inverted. A frame that has a wrong bit already is left alone: two can cancel each other
    /// out in a checksum of TCP, and no receiver could tell.
    /// </summary>
    /// <param name="bit">Counted from the first of the frame; beyond its end nothing happens.</param>
    /// <returns>The fate.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The number is negative.</exception>
    public static Fate Corrupt(int bit)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bit);
        return new Fate { Bit = bit + 1 };
    }

    /// <summary>The frame ends early.</summary>
    /// <param name="bytes">How many bytes are missing, at least one.</param>
    /// <returns>The fate.</returns>
    /// <exception cref="ArgumentOutOfRangeException">No byte is missing.</exception>
    public static Fate Truncate(int bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(bytes);
        return new Fate { CutBytes = bytes };
    }

    /// <summary>Both fates; what can happen once only is the later's.</summary>
    internal Fate And(Fate other) => new()
    {
        IsDropped = IsDropped || other.IsDropped,
        Latency = Latency + other.Latency,
        KeepsOrder = KeepsOrder || other.KeepsOrder,
        Copies = Copies + other.Copies,
        Bit = other.Bit != 0 ? other.Bit : Bit,
        CutBytes = CutBytes + other.CutBytes,
    };

    private static TimeSpan Checked(TimeSpan latency)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(latency, TimeSpan.Zero);
        return latency;
    }
}
