namespace UserTcp.Primitives;

/// <summary>
/// So many in a second on average, in all shards together. Each second's number is drawn anew, from half to one and a
/// half of it. A stranger who counts his own answers cannot tell whether somebody else was answered too
/// (CVE-2016-5696, CVE-2020-25705). Thread-safe; nobody waits.
/// </summary>
internal sealed class RateLimit
{
    // The second has the upper 34 bits, and the rest of its number the others: at most one and a half of the average.
    private const int CountBits = 30;
    private const long CountMask = (1L << CountBits) - 1;

    private readonly SipHash _key;
    private readonly int _perSecond;
    private long _state = -1; // the second, and what is left of it

    /// <param name="perSecond">The average, from 1 to 2^29.</param>
    /// <param name="key">Draws the numbers; must be secret, and no other limit may have the same.</param>
    public RateLimit(int perSecond, in SipHash key)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(perSecond, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(perSecond, 1 << (CountBits - 1));
        _perSecond = perSecond;
        _key = key;
    }

    /// <summary>Takes one of this second, or says that none is left.</summary>
    public bool TryTake(Instant now)
    {
        long second = now.Ticks / TimeSpan.TicksPerSecond;
#pragma warning disable RS0030 // Shards share the limits of the stack.
        while (true)
        {
            long state = Volatile.Read(ref _state);
            long current = second > state >> CountBits ? (second << CountBits) | (long)Draw(second) : state;
            if ((current & CountMask) == 0)
                return false;
            if (Interlocked.CompareExchange(ref _state, current - 1, state) == state)
                return true;
        }
#pragma warning restore RS0030
    }

    private int Draw(long second)
    {
        int least = _perSecond - _perSecond / 2;
        return least + (int)(_key.Hash((ulong)second) % (uint)_perSecond);
    }
}
