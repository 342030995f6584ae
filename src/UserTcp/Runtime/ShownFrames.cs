using System.Collections.Concurrent;
using UserTcp.Diagnostics;
using UserTcp.Links;
using UserTcp.Primitives;

namespace UserTcp.Runtime;

/// <summary>
/// The frames of all shards in the order in which they are shown to the taps: one call at a time, the frames of a visit
/// together. Thread-safe.
/// </summary>
internal sealed class ShownFrames
{
    private readonly LinkInfo _link;
    private readonly long _startTicks;
    private readonly Action<IPacketTap, Exception> _onFailure;
    private readonly ConcurrentQueue<TapBatch> _left = new();
    private readonly Lock _showing = new();
    private TapBatch? _spare;
    private DateTimeOffset _last; // under the lock

    public ShownFrames(TapSet taps, LinkInfo link, MonotonicClock clock, Action<IPacketTap, Exception> onFailure)
    {
        Taps = taps;
        _link = link;
        _onFailure = onFailure;
        _startTicks = clock.Provider.GetUtcNow().UtcTicks - clock.Now.Ticks;
    }

    public TapSet Taps { get; }

    /// <summary>An empty batch.</summary>
    public TapBatch Rent() => Interlocked.Exchange(ref _spare, null) ?? new TapBatch();

    /// <summary>Under a door, when it is left: what was copied is in line to be shown.</summary>
    public void Add(TapBatch batch) => _left.Enqueue(batch);

    public DateTimeOffset Timestamp(Instant at) => new(_startTicks + at.Ticks, TimeSpan.Zero);

    /// <summary>Outside the door: on return the frames of the visit have been shown.</summary>
    public void Show()
    {
        // A tap that uses the stack comes by here; its frames are the next ones of the loop further up.
        if (_showing.IsHeldByCurrentThread)
            return;

        lock (_showing)
        {
            while (_left.TryDequeue(out TapBatch? batch))
            {
                ShowAll(batch);
                batch.Clear();
                Volatile.Write(ref _spare, batch);
            }
        }
    }

    private void ShowAll(TapBatch batch)
    {
        int offset = 0;
        foreach (TapEntry entry in batch.Entries)
        {
            // Shards close their batches in any order.
            _last = entry.Timestamp > _last ? entry.Timestamp : _last;
            var packet = new PacketTapContext
            {
                Frame = batch.Bytes(offset, entry.Length),
                Direction = entry.Direction,
                Timestamp = _last,
                DropReason = entry.Reason,
                ConnectionId = entry.Connection,
                Link = _link,
            };
            offset += entry.Length;
            foreach (IPacketTap tap in Taps.All)
            {
                ShowTo(tap, packet);
            }
        }
    }

    // Any exception of any tap: the traffic must not die of who watches it.
    private void ShowTo(IPacketTap tap, in PacketTapContext packet)
    {
        try
        {
            tap.OnPacket(packet);
        }
        catch (Exception e)
        {
            Taps.Remove(tap);
            _onFailure(tap, e);
        }
    }
}
