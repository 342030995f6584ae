using UserTcp.Primitives;

namespace UserTcp.Testing.Network;

/// <summary>Something that happens at a point in virtual time.</summary>
internal interface IOccurrence
{
    void Occur(Instant now);
}

/// <summary>
/// What is going to happen, in order of time, and of what was planned first: a heap with four children per node.
/// </summary>
internal sealed class EventQueue
{
    private const int Children = 4;
    private Item[] _items = new Item[64];
    private long _order;

    public int Count { get; private set; }

    /// <summary>When the next thing happens; <see cref="Instant.Never"/> if nothing does.</summary>
    public Instant Next => Count == 0 ? Instant.Never : new Instant(_items[0].Ticks);

    public void Add(Instant at, IOccurrence what)
    {
        if (Count == _items.Length)
            Array.Resize(ref _items, Count * 2);

        var item = new Item(at.Ticks, _order++, what);
        int i = Count++;
        for (int parent = (i - 1) / Children; i > 0 && item.IsBefore(_items[parent]); parent = (i - 1) / Children)
        {
            _items[i] = _items[parent];
            i = parent;
        }

        _items[i] = item;
    }

    /// <summary>Takes what happens next; there must be something.</summary>
    public IOccurrence Take()
    {
        IOccurrence first = _items[0].What;
        Item last = _items[--Count];
        _items[Count] = default;
        if (Count > 0)
            Sink(last);
        return first;
    }

    private void Sink(Item item)
    {
        int i = 0;
        for (int first = 1; first < Count; first = i * Children + 1)
        {
            int least = first;
            int end = Math.Min(first + Children, Count);
            for (int child = first + 1; child < end; child++)
            {
                if (_items[child].IsBefore(_items[least]))
                    least = child;
            }

            if (!_items[least].IsBefore(item))
                break;
            _items[i] = _items[least];
            i = least;
        }

        _items[i] = item;
    }

    private readonly record struct Item(long Ticks, long Order, IOccurrence What)
    {
        public bool IsBefore(in Item other) => Ticks != other.Ticks ? Ticks < other.Ticks : Order < other.Order;
    }
}
