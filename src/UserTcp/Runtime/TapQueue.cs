using System.Collections.Concurrent;
using UserTcp.Diagnostics;
using UserTcp.Links;
using UserTcp.Primitives;

namespace UserTcp.Runtime;

/// <summary>
/// The frames of a stack on their way to its taps. They are copied under the door and shown outside, by whoever
/// leaves; the frames of one visit stay together, and visits in order.
/// </summary>
internal sealed class TapQueue
{
    /// <summary>What the taps of one visit may hold up; more is only counted.</summary>
    private const int MaxBatchBytes = 16 << 20;

    private readonly TapSet _taps;
    private readonly LinkInfo _link;
    private readonly long _startTicks;
    private readonly Action<IPacketTap, Exception> _onFailure;
    private readonly ConcurrentQueue<TapBatch> _left = new();
    private readonly Lock _showing = new();
    private TapBatch? _filling;
    private TapBatch? _spare;

    public TapQueue(TapSet taps, LinkInfo link, MonotonicClock clock, Action<IPacketTap, Exception> onFailure)
    {
        _taps = taps;
        _link = link;
        _onFailure = onFailure;
        _startTicks = clock.Provider.GetUtcNow().UtcTicks - clock.Now.Ticks;
    }

    /// <summary>Whether anybody looks.</summary>
    public bool IsActive => !_taps.IsEmpty;

    /// <summary>Under the door.</summary>
    public void OnReceived(RxFrame frame, Instant at, PacketDropReason reason, long connection)
    {
        if (!TryMakeRoom(frame.Bytes.Length, out TapBatch batch))
            return;

        Span<byte> copy = batch.Add(
            new TapEntry(frame.Bytes.Length, PacketDirection.Received, Timestamp(at), reason, connection));
        frame.Bytes.CopyTo(copy);
        if (frame.Offload.IsChecksumPartial)
            FrameChecksum.TryFinish(copy, default, default, frame.Offload);
    }

    /// <summary>Under the door.</summary>
    public void OnSent(ReadOnlySpan<TxFrame> frames, Instant at)
    {
        foreach (ref readonly TxFrame frame in frames)
        {
            if (!TryMakeRoom(frame.Length, out TapBatch batch))
                continue;

            Span<byte> copy = batch.Add(
                new TapEntry(frame.Length, PacketDirection.Sent, Timestamp(at), PacketDropReason.None, 0));
            frame.CopyTo(copy);
            if (frame.Offload.IsChecksumPartial)
                FrameChecksum.TryFinish(copy, default, default, frame.Offload);
        }
    }

    /// <summary>Under the door, when it is left: what was copied is in line to be shown.</summary>
    /// <returns>Whether <see cref="Show"/> has something to do.</returns>
    public bool Close()
    {
        if (_filling is not TapBatch batch)
            return false;

        _filling = null;
        _left.Enqueue(batch);
        return true;
    }

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
            var packet = new PacketTapContext
            {
                Frame = batch.Bytes(offset, entry.Length),
                Direction = entry.Direction,
                Timestamp = entry.Timestamp,
                DropReason = entry.Reason,
                ConnectionId = entry.Connection,
                Link = _link,
            };
            offset += entry.Length;
            foreach (IPacketTap tap in _taps.All)
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
            _taps.Remove(tap);
            _onFailure(tap, e);
        }
    }

    private bool TryMakeRoom(int bytes, out TapBatch batch)
    {
        batch = _filling ??= Interlocked.Exchange(ref _spare, null) ?? new TapBatch();
        if (batch.Used + bytes <= MaxBatchBytes)
            return true;

        _taps.Miss();
        return false;
    }

    private DateTimeOffset Timestamp(Instant at) => new(_startTicks + at.Ticks, TimeSpan.Zero);
}
