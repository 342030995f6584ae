using UserTcp.Primitives;

namespace UserTcp.Tcp.Send;

/// <summary>
/// Sequence numbers of one flight, the lowest first: a binary heap. Numbers may be out of date, and there twice: the
/// reader looks them up.
/// </summary>
internal sealed class SeqHeap
{
    private const int Initial = 16;
    private SeqNumber[] _items = [];

    public int Count { get; private set; }

    public SeqNumber Lowest => _items[0];

    public void Clear() => Count = 0;

    public void Add(SeqNumber seq)
    {
        if (Count == _items.Length)
            Array.Resize(ref _items, Math.Max(Initial, Count * 2));
        int at = Count++;
        for (int parent = (at - 1) / 2; at > 0 && seq < _items[parent]; parent = (at - 1) / 2)
        {
            _items[at] = _items[parent];
            at = parent;
        }

        _items[at] = seq;
    }

    public void RemoveLowest()
    {
        SeqNumber last = _items[--Count];
        int at = 0;
        for (int child = 1; child < Count; child = 2 * at + 1)
        {
            if (child + 1 < Count && _items[child + 1] < _items[child])
                child++;
            if (_items[child] >= last)
                break;
            _items[at] = _items[child];
            at = child;
        }

        _items[at] = last;
    }
}
