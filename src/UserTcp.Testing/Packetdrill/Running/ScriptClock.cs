using System.Globalization;
using UserTcp.Primitives;
using UserTcp.Testing.Packetdrill.Syntax;

namespace UserTcp.Testing.Packetdrill.Running;

/// <summary>
/// The times of a script: when its next event is due, and whether something came when it should have. Relative times
/// count from what the event before had in the script, or, where that left it open, from when it came.
/// </summary>
internal sealed class ScriptClock
{
    private static readonly TimeSpan s_defaultTolerance = TimeSpan.FromMilliseconds(4);

    private TimeSpan _last;
    private TimeSpan _stretched;

    /// <summary>By how much things may come too early or too late, besides a hundredth of the time waited.</summary>
    public TimeSpan Tolerance { get; set; } = s_defaultTolerance;

    /// <summary>So much of the time waited besides.</summary>
    public int TolerancePercent { get; set; } = 1;

    /// <summary>The earliest and the latest time for an event, since the beginning.</summary>
    public (TimeSpan Start, TimeSpan End) Due(in EventTime time) => time.Kind switch
    {
        TimeKind.Absolute => (time.Start + _stretched, time.End + _stretched),
        TimeKind.Relative => (_last + time.Start, _last + time.End),
        _ => (TimeSpan.Zero, TimeSpan.MaxValue),
    };

    /// <summary>How long after it was due an event may come.</summary>
    /// <param name="time">When it is due.</param>
    /// <param name="least">Besides, so much of the time since the event before at least, in hundredths.</param>
    public TimeSpan SlackOf(in EventTime time, int least = 0) =>
        Tolerance + (Due(time).Start - _last).Duration() * Math.Max(least, TolerancePercent) / 100;

    /// <summary>Everything that is still to come does so later.</summary>
    public void Stretch(TimeSpan time)
    {
        _stretched += time;
        _last += time;
    }

    /// <summary>The event happened: the next one counts from here.</summary>
    public void Passed(in EventTime time, TimeSpan actual) =>
        _last = time.Kind == TimeKind.Any || time.Start != time.End ? actual : Due(time).Start;

    public static Instant OnWire(TimeSpan time) => time >= TimeSpan.FromDays(10_000)
        ? Instant.Never
        : VirtualMachine.Start + time;

    public static TimeSpan InScript(Instant instant) => instant - VirtualMachine.Start;

    public static string Text(TimeSpan time) =>
        time.TotalSeconds.ToString("0.000000", CultureInfo.InvariantCulture);
}
