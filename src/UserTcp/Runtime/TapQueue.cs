using UserTcp.Diagnostics;
using UserTcp.Links;
using UserTcp.Primitives;

namespace UserTcp.Runtime;

/// <summary>
/// The frames of a shard on their way to the taps. They are copied under the door and shown outside, by whoever leaves;
/// the frames of one visit stay together, and visits in order.
/// </summary>
internal sealed class TapQueue(ShownFrames shown)
{
    /// <summary>What the taps of one visit may hold up; more is only counted.</summary>
    private const int MaxBatchBytes = 16 << 20;

    private TapBatch? _filling;

    /// <summary>Whether anybody looks.</summary>
    public bool IsActive => !shown.Taps.IsEmpty;

    /// <summary>Under the door.</summary>
    public void OnReceived(RxFrame frame, Instant at, PacketDropReason reason, long connection)
    {
        if (!TryMakeRoom(frame.Bytes.Length, out TapBatch batch))
            return;

        Span<byte> copy = batch.Add(
            new TapEntry(frame.Bytes.Length, PacketDirection.Received, shown.Timestamp(at), reason, connection));
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
                new TapEntry(frame.Length, PacketDirection.Sent, shown.Timestamp(at), PacketDropReason.None, 0));
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
        shown.Add(batch);
        return true;
    }

    /// <summary>Outside the door: on return the frames of the visit have been shown.</summary>
    public void Show() => shown.Show();

    private bool TryMakeRoom(int bytes, out TapBatch batch)
    {
        batch = _filling ??= shown.Rent();
        if (batch.Used + bytes <= MaxBatchBytes)
            return true;

        shown.Taps.Miss();
        return false;
    }
}
