using System.Diagnostics;
using UserTcp.Primitives;

namespace UserTcp.Stack;

/// <summary>
/// Which connection a segment belongs to. Open addressing with linear probing over keyed hashes, so that no peer can
/// choose collisions; removal closes the gap and leaves no tombstones. A lookup allocates nothing and costs the same at
/// 100,000 entries as at ten.
/// </summary>
internal sealed class FlowTable<T>
    where T : FlowEntry
{
    private const int SmallestCapacity = 64;

    private Slot[] _slots = new Slot[SmallestCapacity];

    public int Count { get; private set; }

    /// <summary>The number of slots: a power of two, of which at most three quarters are taken.</summary>
    public int Capacity => _slots.Length;

    public T? Find(in FlowKey flow, ulong hash)
    {
        Slot[] slots = _slots;
        int mask = slots.Length - 1;
        for (int i = (int)hash & mask; ; i = (i + 1) & mask)
        {
            ref Slot slot = ref slots[i];
            if (slot.Entry is null)
                return null;
            if (slot.Hash == hash && slot.Entry.Flow == flow)
                return slot.Entry;
        }
    }

    /// <summary>Adds an entry whose flow is not there yet.</summary>
    public void Add(T entry)
    {
        Debug.Assert(Find(entry.Flow, entry.FlowHash) is null, "A flow leads to one entry.");
        if ((Count + 1) * 4L > _slots.Length * 3L)
            Resize(_slots.Length * 2);
        Place(_slots, new Slot { Hash = entry.FlowHash, Entry = entry });
        Count++;
    }

    /// <summary>False if the entry is not there.</summary>
    public bool Remove(T entry)
    {
        int mask = _slots.Length - 1;
        int i = (int)entry.FlowHash & mask;
        while (!ReferenceEquals(_slots[i].Entry, entry))
        {
            if (_slots[i].Entry is null)
                return false;
            i = (i + 1) & mask;
        }

        CloseGap(i);
        Count--;
        if (_slots.Length > SmallestCapacity && Count * 8L < _slots.Length)
            Resize(_slots.Length / 2);
        return true;
    }

    /// <summary>Appends all entries, in no order.</summary>
    public void CopyTo(List<T> entries)
    {
        foreach (Slot slot in _slots)
        {
            if (slot.Entry is not null)
                entries.Add(slot.Entry);
        }
    }

    private static void Place(Slot[] slots, Slot slot)
    {
        int mask = slots.Length - 1;
        int i = (int)slot.Hash & mask;
        while (slots[i].Entry is not null)
        {
            i = (i + 1) & mask;
        }

        slots[i] = slot;
    }

    /// <summary>Moves back what probing put behind the gap, until a free slot or an entry in its own place.</summary>
    private void CloseGap(int gap)
    {
        int mask = _slots.Length - 1;
        for (int i = (gap + 1) & mask; _slots[i].Entry is not null; i = (i + 1) & mask)
        {
            int home = (int)_slots[i].Hash & mask;
            if (((i - home) & mask) < ((i - gap) & mask))
                continue;
            _slots[gap] = _slots[i];
            gap = i;
        }

        _slots[gap] = default;
    }

    private void Resize(int capacity)
    {
        var slots = new Slot[capacity];
        foreach (Slot slot in _slots)
        {
            if (slot.Entry is not null)
                Place(slots, slot);
        }

        _slots = slots;
    }

    private struct Slot
    {
        public ulong Hash;
        public T? Entry;
    }
}
