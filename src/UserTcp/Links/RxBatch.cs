using System.Runtime.InteropServices;

namespace UserTcp.Links;

/// <summary>A received frame. Valid until the batch that holds it is filled again.</summary>
public readonly unsafe ref struct RxFrame
{
    internal RxFrame(ReadOnlySpan<byte> bytes, FrameOffload offload)
    {
        Bytes = bytes;
        Offload = offload;
    }

    /// <summary>The frame, link header first.</summary>
    public ReadOnlySpan<byte> Bytes { get; }

    /// <summary>What the device knows of it.</summary>
    public FrameOffload Offload { get; }
}

/// <summary>
/// Room for the frames of one <see cref="LinkDevice.Receive"/>: a fixed number of slots, each of which holds the
/// largest coalesced frame. Native memory that never moves. Used by one thread at a time.
/// </summary>
public sealed unsafe class RxBatch : IDisposable
{
    /// <summary>The number of frames in a batch: one pass, one reading of the clock.</summary>
    public const int DefaultCapacity = 32;

    /// <summary>The largest frame that a slot holds, in bytes: 64 KiB of IP packet and the link header.</summary>
    public const int MaxFrameBytes = 65_550;

    /// <summary>
    /// The bytes before every slot, for a header of the device's own. IP headers behind Ethernet's are aligned by it.
    /// </summary>
    internal const int Headroom = 18;

    private const int SlotBytes = 65_664;
    private readonly int[] _lengths;
    private readonly FrameOffload[] _offloads;
    private byte* _slots;

    /// <summary>Makes an empty batch.</summary>
    /// <param name="capacity">The number of slots, from 1 to 1,024.</param>
    /// <exception cref="ArgumentOutOfRangeException">The capacity is out of range.</exception>
    public RxBatch(int capacity = DefaultCapacity)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(capacity, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(capacity, 1024);
        _lengths = new int[capacity];
        _offloads = new FrameOffload[capacity];
        _slots = (byte*)NativeMemory.AlignedAlloc((nuint)capacity * SlotBytes, 64);
    }

    /// <summary>Frees the memory if nobody disposed of the batch.</summary>
    ~RxBatch() => Free();

    /// <summary>The number of slots.</summary>
    public int Capacity => _lengths.Length;

    /// <summary>The number of frames in the batch.</summary>
    public int Count { get; private set; }

    /// <summary>Whether no slot is left.</summary>
    public bool IsFull => Count == Capacity;

    /// <summary>The frame in a slot.</summary>
    /// <param name="index">From 0 to <see cref="Count"/> − 1.</param>
    /// <returns>The frame.</returns>
    /// <exception cref="ArgumentOutOfRangeException">There is no such frame.</exception>
    public RxFrame this[int index]
    {
        get
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)index, (uint)Count, nameof(index));
            return new RxFrame(new ReadOnlySpan<byte>(Slot(index), _lengths[index]), _offloads[index]);
        }
    }

    /// <summary>
    /// The memory of the next free slot, for a device that reads straight into it; then <see cref="Commit"/>.
    /// </summary>
    /// <returns><see cref="MaxFrameBytes"/> bytes that do not move.</returns>
    /// <exception cref="InvalidOperationException">The batch is full.</exception>
    public Span<byte> Reserve()
    {
        if (IsFull)
            throw new InvalidOperationException("The batch is full.");

        return new Span<byte>(Slot(Count), MaxFrameBytes);
    }

    /// <summary>Makes the bytes in the reserved slot the next frame.</summary>
    /// <param name="length">The frame's length, from 0 to <see cref="MaxFrameBytes"/> bytes.</param>
    /// <param name="offload">What the device knows of it.</param>
    /// <exception cref="InvalidOperationException">The batch is full.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The length is out of range.</exception>
    public void Commit(int length, FrameOffload offload = default)
    {
        if (IsFull)
            throw new InvalidOperationException("The batch is full.");

        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)length, (uint)MaxFrameBytes, nameof(length));
        _lengths[Count] = length;
        _offloads[Count] = offload;
        Count++;
    }

    /// <summary>Copies a frame into the batch.</summary>
    /// <param name="frame">At most <see cref="MaxFrameBytes"/> bytes.</param>
    /// <param name="offload">What the device knows of it.</param>
    /// <returns>False, and nothing happens, if the batch is full.</returns>
    /// <exception cref="ArgumentException">The frame is too long.</exception>
    public bool Add(ReadOnlySpan<byte> frame, FrameOffload offload = default)
    {
        if (frame.Length > MaxFrameBytes)
            throw new ArgumentException("The frame is longer than a slot.", nameof(frame));
        if (IsFull)
            return false;

        frame.CopyTo(Reserve());
        Commit(frame.Length, offload);
        return true;
    }

    /// <summary>Empties the batch.</summary>
    public void Clear() => Count = 0;

    /// <summary>Frees the memory; no frame of the batch may be used after it.</summary>
    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    /// <summary>
    /// A free slot beyond the next one, with <see cref="Headroom"/> before it, for a device that fills several.
    /// </summary>
    internal byte* FreeSlot(int ahead) => Slot(Count + ahead);

    private byte* Slot(int index)
    {
        ObjectDisposedException.ThrowIf(_slots == null, this);
        return _slots + (nint)index * SlotBytes + Headroom;
    }

    private void Free()
    {
        NativeMemory.AlignedFree(_slots);
        _slots = null;
        Count = 0;
    }
}
