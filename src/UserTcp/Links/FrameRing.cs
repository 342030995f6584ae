using System.Numerics;

namespace UserTcp.Links;

/// <summary>
/// A queue of a <see cref="VirtualLink"/>: bounded, for one producer and one consumer, without a lock. Several producers
/// hold <see cref="Adding"/> in turn. Bytes lie in one ring and may wrap; lengths and offloads lie in another.
/// </summary>
internal sealed class FrameRing
{
    private readonly byte[] _bytes;
    private readonly Entry[] _entries;
    private readonly int _maxFrames;
    private readonly int _maxBytes;

    // Counts that only grow. The producer owns the tails, the consumer the heads; each is published after what it
    // covers.
    private long _tailFrames;
    private long _tailBytes;
    private long _headFrames;
    private long _headBytes;

    public FrameRing(int maxFrames, int maxBytes)
    {
        _maxFrames = maxFrames;
        _maxBytes = maxBytes;
        _entries = new Entry[BitOperations.RoundUpToPowerOf2((uint)maxFrames)];
        _bytes = GC.AllocateUninitializedArray<byte>((int)BitOperations.RoundUpToPowerOf2((uint)maxBytes));
    }

    /// <summary>Held while a frame is added, where there are several producers.</summary>
    public Lock Adding { get; } = new();

    /// <summary>Whether there is nothing to take. Exact for the consumer.</summary>
    public bool IsEmpty => Volatile.Read(ref _tailFrames) == Volatile.Read(ref _headFrames);

    /// <summary>Whether a frame of this length could be added. Never wrongly true for the producer.</summary>
    public bool HasRoomFor(int length) =>
        FramesWaiting < _maxFrames && BytesWaiting + length <= _maxBytes;

    /// <summary>Whether the queue has drained so far that a producer which found it full should go on.</summary>
    public bool IsHalfEmpty => FramesWaiting <= _maxFrames / 2 && BytesWaiting <= _maxBytes / 2;

    private long FramesWaiting => Volatile.Read(ref _tailFrames) - Volatile.Read(ref _headFrames);

    private long BytesWaiting => Volatile.Read(ref _tailBytes) - Volatile.Read(ref _headBytes);

    /// <summary>Producer: adds a frame, or returns false and changes nothing.</summary>
    public bool TryAdd(in TxFrame frame)
    {
        int length = frame.Length;
        if (!HasRoomFor(length))
            return false;

        long position = _tailBytes;
        position = Write(position, frame.Header);
        position = Write(position, frame.Payload1);
        position = Write(position, frame.Payload2);
        _entries[_tailFrames & (_entries.Length - 1)] = new Entry(length, frame.Offload);
        Volatile.Write(ref _tailBytes, position);
        Volatile.Write(ref _tailFrames, _tailFrames + 1);
        return true;
    }

    /// <summary>Consumer: moves frames into the batch until either has no more.</summary>
    /// <param name="batch">Where they go.</param>
    /// <param name="withOffload">Whether the frames' offloads go with them.</param>
    public int MoveTo(RxBatch batch, bool withOffload)
    {
        long available = Volatile.Read(ref _tailFrames) - _headFrames;
        int moved = 0;
        while (moved < available && !batch.IsFull)
        {
            Entry entry = _entries[_headFrames & (_entries.Length - 1)];
            Read(_headBytes, batch.Reserve()[..entry.Length]);
            batch.Commit(entry.Length, withOffload ? entry.Offload : default);
            Volatile.Write(ref _headBytes, _headBytes + entry.Length);
            Volatile.Write(ref _headFrames, _headFrames + 1);
            moved++;
        }

        return moved;
    }

    private long Write(long position, ReadOnlySpan<byte> source)
    {
        int offset = (int)(position & (_bytes.Length - 1));
        int first = Math.Min(source.Length, _bytes.Length - offset);
        source[..first].CopyTo(_bytes.AsSpan(offset));
        source[first..].CopyTo(_bytes);
        return position + source.Length;
    }

    private void Read(long position, Span<byte> destination)
    {
        int offset = (int)(position & (_bytes.Length - 1));
        int first = Math.Min(destination.Length, _bytes.Length - offset);
        _bytes.AsSpan(offset, first).CopyTo(destination);
        _bytes.AsSpan(0, destination.Length - first).CopyTo(destination[first..]);
    }

    private readonly record struct Entry(int Length, FrameOffload Offload);
}
