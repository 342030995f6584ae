using UserTcp.Primitives;
using UserTcp.Testing.Network;

namespace UserTcp.Testing;

/// <summary>
/// Hosts, the links that join them, and a clock, in one thread. The same seed and the same calls give the same bytes at
/// the same times on every machine.
/// </summary>
/// <remarks>
/// Virtual time stands still while code runs, and jumps to the next event when all code waits. Not thread-safe:
/// everything happens on the thread that runs the network.
/// </remarks>
public sealed partial class SimulatedNetwork : IDisposable
{
    /// <summary>The origin is not 0, so that an instant that was never set is always in the past.</summary>
    internal static readonly Instant Start = new(TimeSpan.TicksPerSecond);

    /// <summary>More events than this at one moment are an endless loop.</summary>
    private const int MaxEventsAtOnce = 10_000_000;

    private readonly Queue<Station> _dirty = new();
    private int _eventsAtOnce;
    private bool _isDisposed;

    /// <summary>Makes an empty network.</summary>
    /// <param name="seed">The seed of all random choices.</param>
    public SimulatedNetwork(ulong seed = 1)
    {
        Seed = seed;
        Random = new SeededRandom(seed);
    }

    /// <summary>The seed of the network.</summary>
    public ulong Seed { get; }

    /// <summary>The virtual time since the network was made.</summary>
    public TimeSpan Now => Time - Start;

    internal Instant Time { get; private set; } = Start;

    internal SeededRandom Random { get; }

    /// <summary>How often, from 0 to 1, a call on a connection finds the door of its stack taken.</summary>
    internal double EntryRefusals { get; set; }

    /// <summary>How many calls found it so.</summary>
    internal long RefusedEntries { get; set; }

    internal EventQueue Events { get; } = new();

    internal FramePool Frames { get; } = new();

    internal Switch Switch { get; } = new();

    internal List<Station> Stations { get; } = [];

    /// <summary>Runs an action later: change a link, add a rule, cut a cable.</summary>
    /// <param name="delay">How much later; not negative.</param>
    /// <param name="action">The action. It runs between the turns of the hosts.</param>
    /// <exception cref="ArgumentOutOfRangeException">The delay is negative.</exception>
    public void Schedule(TimeSpan delay, Action action)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(delay, TimeSpan.Zero);
        ArgumentNullException.ThrowIfNull(action);
        Events.Add(Time + delay, new ScheduledAction(action));
    }

    /// <summary>Advances the time, and runs the events of that time.</summary>
    /// <param name="time">How much; not negative.</param>
    /// <exception cref="ArgumentOutOfRangeException">The time is negative.</exception>
    public void RunFor(TimeSpan time)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(time, TimeSpan.Zero);
        Instant end = Time + time;
        while (Step(end))
        {
        }

        Time = end;
    }

    internal void MarkDirty(Station station)
    {
        if (station.IsDirty)
            return;

        station.IsDirty = true;
        _dirty.Enqueue(station);
    }

    /// <summary>Does what is to be done now, then what happens next; false if that lies after the end.</summary>
    internal bool Step(Instant end)
    {
        Settle();
        Instant next = Events.Next;
        if (next > end || next.IsNever)
            return false;

        _eventsAtOnce = next > Time ? 0 : _eventsAtOnce + 1;
        if (_eventsAtOnce > MaxEventsAtOnce)
            throw new InvalidOperationException($"Time has come to a halt at {Now}: too much happens at once.");

        Time = Instant.Max(Time, next);
        while (Events.Next <= Time)
        {
            Events.Take().Occur(Time);
        }

        return true;
    }

    /// <summary>Gives every host its turn, and runs every continuation, until nothing is left to be done now.</summary>
    internal void Settle()
    {
        Applications.Adopt();
        bool isBusy = true;
        while (isBusy)
        {
            isBusy = Applications.TryRunNext() || TryTurnNext();
        }

        // What applications called was done at once; only what it means for the stack's timers is left to look at.
        foreach (StackStation station in _stacks)
        {
            station.Arm();
        }
    }

    private bool TryTurnNext()
    {
        if (!_dirty.TryDequeue(out Station? station))
            return false;

        station.IsDirty = false;
        station.Settle();
        return true;
    }

    /// <summary>Ends every host at once; captures are complete then. Idempotent.</summary>
    public void Dispose()
    {
        if (_isDisposed)
            return;

        _isDisposed = true;
        foreach (Station station in Stations)
        {
            station.Dispose();
            station.Link.Flush();
        }
    }

    private sealed class ScheduledAction(Action action) : IOccurrence
    {
        public void Occur(Instant now) => action();
    }
}
