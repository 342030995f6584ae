using System.Numerics;
using UserTcp.Primitives;

namespace UserTcp.Stack;

/// <summary>
/// The timers of flows: a hashed wheel of 1 ms ticks, seven levels of 64 slots. Deadlines are lazy: one that
/// moves later is only written down, and the entry is queued anew when its old slot comes. Nothing is due before its
/// deadline.
/// </summary>
internal sealed class DeadlineWheel
{
    private const int LevelBits = 6;
    private const int SlotsPerLevel = 1 << LevelBits;
    private const int Levels = 7;
    private const int DueSlot = Levels * SlotsPerLevel;
    private const long LastTick = (1L << (LevelBits * Levels)) - 1;

    /// <summary>
    /// Beyond this many entries in one tick their order is not worth a look: they are due together at its end.
    /// </summary>
    private const int ExactEntries = 8;

    private readonly FlowEntry?[] _heads = new FlowEntry?[DueSlot + 1];
    private readonly ulong[] _occupied = new ulong[Levels];
    private long _tick;

    public DeadlineWheel(Instant now) => _tick = TickOf(now);

    /// <summary>
    /// When <see cref="Advance"/> has something to do. Never after the earliest deadline's tick is over; sometimes
    /// earlier than need be.
    /// </summary>
    public Instant NextDeadline { get; private set; } = Instant.Never;

    /// <summary>Sets an entry's deadline; <see cref="Instant.Never"/> stops its timer.</summary>
    public void Arm(FlowEntry entry, Instant deadline)
    {
        entry.Deadline = deadline;
        if (deadline.IsNever)
            return;

        long tick = Math.Clamp(TickOf(deadline), _tick, LastTick);
        if (deadline < NextDeadline)
            NextDeadline = deadline;
        if (entry.WheelSlot != FlowEntry.NoSlot)
        {
            if (entry.WheelTick <= tick)
                return;
            Unlink(entry);
        }

        Link(entry, tick);
    }

    /// <summary>The entry is going away.</summary>
    public void Remove(FlowEntry entry)
    {
        entry.Deadline = Instant.Never;
        if (entry.WheelSlot != FlowEntry.NoSlot)
            Unlink(entry);
    }

    /// <summary>Collects what is due by now for <see cref="TryTakeDue"/>.</summary>
    public void Advance(Instant now)
    {
        long nowTick = TickOf(now);
        bool isOver = false;
        while (!isOver && TryFindSlot(out int slot, out long tick) && tick <= nowTick)
        {
            _tick = tick;
            Sort(slot, now);

            // What is left of the current tick lies in the slot that was just sorted.
            isOver = slot < SlotsPerLevel && tick == nowTick;
        }

        _tick = Math.Max(_tick, nowTick);
        NextDeadline = FindNext();
    }

    /// <summary>The next entry whose deadline has come; its timer is off until it is armed again.</summary>
    public bool TryTakeDue(out FlowEntry entry)
    {
        entry = _heads[DueSlot]!;
        if (entry is null)
            return false;
        Unlink(entry);
        return true;
    }

    private static long TickOf(Instant instant) => instant.Ticks / TimeSpan.TicksPerMillisecond;

    private static Instant InstantOf(long tick) => new(tick * TimeSpan.TicksPerMillisecond);

    private void Sort(int slot, Instant now)
    {
        FlowEntry? entry = _heads[slot];
        _heads[slot] = null;
        _occupied[slot >> LevelBits] &= ~(1UL << (slot & (SlotsPerLevel - 1)));
        while (entry is not null)
        {
            FlowEntry? next = entry.WheelNext;
            entry.WheelSlot = FlowEntry.NoSlot;
            if (entry.Deadline <= now)
                LinkInto(DueSlot, entry);
            else if (!entry.Deadline.IsNever)
                Link(entry, Math.Clamp(TickOf(entry.Deadline), _tick, LastTick));
            entry = next;
        }
    }

    /// <summary>
    /// The slot whose time comes first. The level of an entry is that of the highest digit in which its tick differs
    /// from the present, so every entry of a level is earlier than all of the levels above.
    /// </summary>
    private bool TryFindSlot(out int slot, out long tick)
    {
        for (int level = 0; level < Levels; level++)
        {
            if (_occupied[level] == 0)
                continue;
            int index = BitOperations.TrailingZeroCount(_occupied[level]);
            int shift = level * LevelBits;
            slot = level * SlotsPerLevel + index;
            tick = _tick >> (shift + LevelBits) << (shift + LevelBits) | (long)index << shift;
            return true;
        }

        slot = FlowEntry.NoSlot;
        tick = LastTick;
        return false;
    }

    private Instant FindNext()
    {
        if (!TryFindSlot(out int slot, out long tick))
            return Instant.Never;
        if (slot >= SlotsPerLevel)
            return InstantOf(tick);

        Instant earliest = InstantOf(tick + 1);
        int seen = 0;
        for (FlowEntry? entry = _heads[slot]; entry is not null; entry = entry.WheelNext)
        {
            if (++seen > ExactEntries)
                return InstantOf(tick + 1);
            earliest = Instant.Min(earliest, entry.Deadline);
        }

        return earliest;
    }

    private void Link(FlowEntry entry, long tick)
    {
        entry.WheelTick = tick;
        ulong difference = (ulong)(tick ^ _tick);
        int level = difference == 0 ? 0 : BitOperations.Log2(difference) / LevelBits;
        int index = (int)(tick >> (level * LevelBits)) & (SlotsPerLevel - 1);
        _occupied[level] |= 1UL << index;
        LinkInto(level * SlotsPerLevel + index, entry);
    }

    private void LinkInto(int slot, FlowEntry entry)
    {
        FlowEntry? head = _heads[slot];
        entry.WheelSlot = slot;
        entry.WheelPrevious = null;
        entry.WheelNext = head;
        if (head is not null)
            head.WheelPrevious = entry;
        _heads[slot] = entry;
    }

    private void Unlink(FlowEntry entry)
    {
        int slot = entry.WheelSlot;
        if (entry.WheelNext is { } next)
            next.WheelPrevious = entry.WheelPrevious;
        if (entry.WheelPrevious is { } previous)
            previous.WheelNext = entry.WheelNext;
        else if ((_heads[slot] = entry.WheelNext) is null && slot != DueSlot)
            _occupied[slot >> LevelBits] &= ~(1UL << (slot & (SlotsPerLevel - 1)));

        entry.WheelSlot = FlowEntry.NoSlot;
        entry.WheelNext = entry.WheelPrevious = null;
    }
}
