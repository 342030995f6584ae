namespace UserTcp.NetworkBenchmarks.Measuring;

/// <summary>
/// When a contender is warm: its processes have compiled no method for a while, though they worked all the time.
/// </summary>
internal sealed class WarmUp(TimeSpan stillness, TimeSpan limit)
{
    private long _compiled = -1;
    private TimeSpan _since;
    private TimeSpan _now;

    /// <summary>The count of compiled methods has stood still for long enough.</summary>
    public bool IsWarm { get; private set; }

    /// <summary>It is warm, or has taken as long as it may.</summary>
    public bool IsOver => IsWarm || _now >= limit;

    /// <summary>Notes the count of compiled methods.</summary>
    /// <param name="now">The time since the warm-up began.</param>
    /// <param name="compiled">The methods that all processes of the contender have compiled so far.</param>
    public void Observe(TimeSpan now, long compiled)
    {
        _now = now;
        if (compiled != _compiled)
        {
            _compiled = compiled;
            _since = now;
        }

        IsWarm = now - _since >= stillness;
    }
}
