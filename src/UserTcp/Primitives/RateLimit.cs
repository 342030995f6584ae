namespace UserTcp.Primitives;

/// <summary>A token bucket: at most <c>burst</c> at once and <c>perSecond</c> in the long run.</summary>
internal sealed class RateLimit
{
    private readonly long _ticksPerToken;
    private readonly long _fullTicks;
    private long _savedTicks;
    private Instant _last;

    public RateLimit(int perSecond, int burst)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(perSecond, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(burst, 1);
        _ticksPerToken = TimeSpan.TicksPerSecond / perSecond;
        _fullTicks = _ticksPerToken * burst;
        _savedTicks = _fullTicks;
        _last = new Instant(0);
    }

    /// <summary>Takes a token, or says that none is left.</summary>
    public bool TryTake(Instant now)
    {
        if (now > _last)
        {
            _savedTicks = Math.Min(_fullTicks, _savedTicks + Math.Min(now.Ticks - _last.Ticks, _fullTicks));
            _last = now;
        }

        if (_savedTicks < _ticksPerToken)
            return false;

        _savedTicks -= _ticksPerToken;
        return true;
    }
}
