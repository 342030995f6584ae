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

    /// <summary>Checksum and segmentation state of the frame, as the device reports it.</summary>
    public FrameOffload Offload { get; }
}

/// <summary>
/// Room for the frames of one <see cref="LinkDevice.Receive"/>. Frames lie one behind the other; there is room for a
/// fixed number of frames of up to 64 KiB, or for fewer that are longer. Native memory that never moves. Used by one
/// thread at a time.
/// </summary>
public sealed unsafe class RxBatch : IDisposable
{
    /// <summary>The number of frames in a batch: one pass, one reading of the clock.</summary>
    public const int DefaultCapacity = 32;

    /// <summary>
    /// The longest frame, in bytes: 512 KiB of IP packet, the most that Linux merges (BIG TCP), and the link header.
    /// </summary>
    public const int MaxFrameBytes = 524_302;

    /// <summary>
    /// The longest frame with a length that an IP header can name: 64 KiB of packet, and the link header.
    /// </summary>
    internal const int UsualFrameBytes = 65_550;

    /// <summary>
    /// The bytes before every frame, for a header of the device's own. IP headers behind Ethernet's are aligned by it.
    /// </summary>
    internal const int Headroom = 18;

    private const int Alignment = 64;
    private const int SlotBytes = 65_664;
    private const int LongSlotBytes = 524_352;
    private const int SpareBytes = LongSlotBytes - SlotBytes; // so that the last frame, too, may be the longest

    private readonly nint[] _starts;
    private readonly int[] _lengths;
    private readonly FrameOffload[] _offloads;
    private readonly nint _bytes;
    private byte* _memory;
    private byte* _longSlots;
    private nint _used;

    /// <summary>Makes an empty batch.</summary>
    /// <param name="capacity">The number of frames, from 1 to 1,024.</param>
    /// <exception cref="ArgumentOutOfRangeException">The capacity is out of range.</exception>
    public RxBatch(int capacity = DefaultCapacity)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(capacity, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(capacity, 1024);
        _starts = new nint[capacity];
        _lengths = new int[capacity];
        _offloads = new FrameOffload[capacity];
        _bytes = ((nint)capacity * SlotBytes) + SpareBytes;
        _memory = (byte*)NativeMemory.AlignedAlloc((nuint)_bytes, Alignment);
    }

    /// <summary>Frees the memory of a batch that was not disposed of.</summary>
    ~RxBatch() => Free();

    /// <summary>The most frames that it holds.</summary>
    public int Capacity => _lengths.Length;

    /// <summary>The number of frames in the batch.</summary>
    public int Count { get; private set; }

    /// <summary>Whether there is no room for one more frame of <see cref="MaxFrameBytes"/>.</summary>
    public bool IsFull => Count == Capacity || _used + Headroom + MaxFrameBytes > _bytes;

    /// <summary>One of the frames.</summary>
    /// <param name="index">From 0 to <see cref="Count"/> − 1.</param>
    /// <returns>The frame.</returns>
    /// <exception cref="ArgumentOutOfRangeException">There is no such frame.</exception>
    public RxFrame this[int index]
    {
        get
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)index, (uint)Count, nameof(index));
            return new RxFrame(new ReadOnlySpan<byte>((byte*)_starts[index], _lengths[index]), _offloads[index]);
        }
    }

    /// <summary>
    /// The memory of the next frame, for a device that reads straight into it; then <see cref="Commit"/>.
    /// </summary>
    /// <returns><see cref="MaxFrameBytes"/> bytes that do not move.</returns>
    /// <exception cref="InvalidOperationException">The batch is full.</exception>
    public Span<byte> Reserve()
    {
        if (IsFull)
            throw new InvalidOperationException("The batch is full.");

        return new Span<byte>(FreeSlot(0), MaxFrameBytes);
    }

    /// <summary>Makes the reserved bytes the next frame.</summary>
    /// <param name="length">The frame's length, from 0 to <see cref="MaxFrameBytes"/> bytes.</param>
    /// <param name="offload">Its checksum and segmentation state.</param>
    /// <exception cref="InvalidOperationException">The batch is full.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The length is out of range.</exception>
    public void Commit(int length, FrameOffload offload = default)
    {
        if (IsFull)
            throw new InvalidOperationException("The batch is full.");

        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)length, (uint)MaxFrameBytes, nameof(length));
        CommitAt(FreeSlot(0), length, offload);
        _used += (Headroom + length + Alignment - 1) & -Alignment;
    }

    /// <summary>Copies a frame into the batch.</summary>
    /// <param name="frame">At most <see cref="MaxFrameBytes"/> bytes.</param>
    /// <param name="offload">Its checksum and segmentation state.</param>
    /// <returns>False, and nothing happens, if the batch is full.</returns>
    /// <exception cref="ArgumentException">The frame is too long.</exception>
    public bool Add(ReadOnlySpan<byte> frame, FrameOffload offload = default)
    {
        if (frame.Length > MaxFrameBytes)
            throw new ArgumentException($"The frame is longer than {MaxFrameBytes:N0} bytes.", nameof(frame));
        if (IsFull)
            return false;

        frame.CopyTo(Reserve());
        Commit(frame.Length, offload);
        return true;
    }

    /// <summary>Empties the batch.</summary>
    public void Clear()
    {
        Count = 0;
        _used = 0;
    }

    /// <summary>Frees the memory; no frame of the batch may be used after it.</summary>
    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    /// <summary>How many frames of <see cref="UsualFrameBytes"/> there is room for.</summary>
    internal int FreeSlots => (int)Math.Min(Capacity - Count, (_bytes - _used) / SlotBytes);

    /// <summary>
    /// Room for a frame of <see cref="UsualFrameBytes"/>, with <see cref="Headroom"/> before it, for a device that
    /// fills several at once; the first has room for <see cref="MaxFrameBytes"/>.
    /// </summary>
    internal byte* FreeSlot(int ahead)
    {
        ObjectDisposedException.ThrowIf(_memory == null, this);
        return _memory + _used + ((nint)ahead * SlotBytes) + Headroom;
    }

    /// <summary>
    /// Room for a frame of <see cref="MaxFrameBytes"/>, for a device that fills several at once. Address space, of
    /// which the system gives only the pages that are written to.
    /// </summary>
    internal byte* LongSlot(int index)
    {
        ObjectDisposedException.ThrowIf(_memory == null, this);
        if (_longSlots == null)
            _longSlots = (byte*)NativeMemory.Alloc((nuint)Capacity * LongSlotBytes);
        return _longSlots + ((nint)index * LongSlotBytes) + Headroom;
    }

    /// <summary>Makes bytes in one of the slots the next frame.</summary>
    internal void CommitAt(byte* start, int length, FrameOffload offload)
    {
        _starts[Count] = (nint)start;
        _lengths[Count] = length;
        _offloads[Count] = offload;
        Count++;
    }

    /// <summary>Keeps the slots that <see cref="FreeSlot"/> gave.</summary>
    internal void KeepSlots(int count) => _used += (nint)count * SlotBytes;

    private void Free()
    {
        NativeMemory.AlignedFree(_memory);
        NativeMemory.Free(_longSlots);
        _memory = null;
        _longSlots = null;
        Count = 0;
    }
}
