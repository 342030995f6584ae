namespace UserTcp.Primitives;

/// <summary>
/// So many in a second on average. Each second's number is drawn anew, from half to one and a half of it. A stranger
/// who counts his own answers cannot tell whether somebody else was answered too (CVE-2016-5696, CVE-2020-25705).
/// </summary>
internal sealed class RateLimit
{
    private readonly SipHash _key;
    private readonly int _perSecond;
    private long _second = long.MinValue;
    private int _left;

    /// <param name="perSecond">The average, at least 1.</param>
    /// <param name="key">Draws the numbers; must be secret, and no other limit may have the same.</param>
    public RateLimit(int perSecond, in SipHash key)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(perSecond, 1);
        _perSecond = perSecond;
        _key = key;
    }

    /// <summary>Takes one of this second, or says that none is left.</summary>
    public bool TryTake(Instant now)
    {
        long second = now.Ticks / TimeSpan.TicksPerSecond;
        if (second > _second)
        {
            _second = second;
            _left = Draw(second);
        }

        if (_left == 0)
            return false;

        _left--;
        return true;
    }

    private int Draw(long second)
    {
        int least = _perSecond - _perSecond / 2;
        return least + (int)(_key.Hash((ulong)second) % (uint)_perSecond);
    }
}
