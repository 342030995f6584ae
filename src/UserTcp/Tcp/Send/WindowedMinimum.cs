using UserTcp.Primitives;

namespace UserTcp.Tcp.Send;

/// <summary>
/// The least of the values of the last minutes, of which it remembers three: the least, and the least of what came
/// after it, twice. A value; each sample yields the next one.
/// </summary>
internal readonly record struct WindowedMinimum
{
    /// <summary>How long a value counts: routes change.</summary>
    public static readonly TimeSpan Length = TimeSpan.FromMinutes(5);

    private readonly (Instant At, TimeSpan Value) _best;
    private readonly (Instant At, TimeSpan Value) _second;
    private readonly (Instant At, TimeSpan Value) _third;

    private WindowedMinimum(
        (Instant At, TimeSpan Value) best, (Instant At, TimeSpan Value) second, (Instant At, TimeSpan Value) third)
    {
        _best = best;
        _second = second;
        _third = third;
    }

    /// <summary>Zero before the first sample.</summary>
    public TimeSpan Value => _best.Value;

    public WindowedMinimum Sample(TimeSpan value, Instant now)
    {
        (Instant At, TimeSpan Value) sample = (now, value);
        if (_best.Value == TimeSpan.Zero || value <= _best.Value || now - _third.At > Length)
            return new WindowedMinimum(sample, sample, sample);
        if (value <= _second.Value)
            return new WindowedMinimum(_best, sample, sample).Aged(sample);

        return new WindowedMinimum(_best, _second, value <= _third.Value ? sample : _third).Aged(sample);
    }

    // When the best is too old the second follows it. So that the second is not of the same time as the best, it is
    // taken from the second quarter of the window at the earliest, the third from the second half.
    private WindowedMinimum Aged((Instant At, TimeSpan Value) sample)
    {
        TimeSpan age = sample.At - _best.At;
        if (age > Length)
        {
            var next = new WindowedMinimum(_second, _third, sample);
            return sample.At - next._best.At > Length ? new WindowedMinimum(next._second, sample, sample) : next;
        }

        if (_second.At == _best.At && age > Length / 4)
            return new WindowedMinimum(_best, sample, sample);

        return _third.At == _second.At && age > Length / 2 ? new WindowedMinimum(_best, _second, sample) : this;
    }
}
