using UserTcp.Primitives;

namespace UserTcp.Tcp.Send;

/// <summary>A stretch that was sent again, and when.</summary>
internal record struct Resent(SeqNumber Seq, SeqNumber End, Instant SentAt);

/// <summary>
/// The retransmissions in the order of time, which is not that of the sequence space. Entries may be out of date: the
/// caller that takes the oldest looks it up. A ring that grows.
/// </summary>
internal sealed class ResentQueue
{
    private const int Initial = 16;
    private Resent[] _ring = [];
    private int _head;

    public int Count { get; private set; }

    public ref Resent Oldest => ref _ring[_head];

    public void Add(in Resent resent)
    {
        if (Count == _ring.Length)
            Resize(Math.Max(Initial, Count * 2));
        _ring[(_head + Count++) & (_ring.Length - 1)] = resent;
    }

    public void RemoveOldest()
    {
        _head = (_head + 1) & (_ring.Length - 1);
        Count--;
    }

    public void Clear()
    {
        Count = 0;
        _head = 0;
    }

    /// <summary>Restores the order of time.</summary>
    public void SortByTime() =>
        _ring.AsSpan(0, Count).Sort(
        static (a, b) => a.SentAt == b.SentAt ? a.Seq - b.Seq : a.SentAt.Ticks.CompareTo(b.SentAt.Ticks));

    private void Resize(int length)
    {
        var larger = new Resent[length];
        for (int i = 0; i < Count; i++)
        {
            larger[i] = _ring[(_head + i) & (_ring.Length - 1)];
        }

        _ring = larger;
        _head = 0;
    }
}
