using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace UserTcp.Buffers;

/// <summary>
/// A piece of pinned memory, and its place in a stream. The array lives on the pinned heap: a chunk that the pool was
/// told to forget stays valid for as long as an application still looks at it, and then the collector takes it.
/// </summary>
internal sealed unsafe class Chunk : ReadOnlySequenceSegment<byte>
{
    public const int SmallSize = 4 << 10;
    public const int LargeSize = 64 << 10;

    private readonly byte[] _bytes;

    public Chunk(int size)
    {
        _bytes = GC.AllocateUninitializedArray<byte>(size, pinned: true);
        Pointer = (byte*)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(_bytes));
        Memory = _bytes;
    }

    /// <summary>The address of the first byte; it never changes.</summary>
    public byte* Pointer { get; }

    public int Size => _bytes.Length;

    /// <summary>The position of the first byte.</summary>
    public long Start
    {
        get => RunningIndex;
        set => RunningIndex = value;
    }

    public long End => Start + Size;

    /// <summary>How many bytes a writer has filled; a receive queue leaves it alone.</summary>
    public int Filled { get; set; }

    /// <summary>The chunk below this one on the pool's stack.</summary>
    public Chunk? Below { get; set; }

    public Memory<byte> Tail => _bytes.AsMemory(Filled);

    public Span<byte> Bytes => _bytes;

    /// <summary>The chunk after this one, if it was linked.</summary>
    public Chunk? Following => (Chunk?)Next;

    /// <summary>Makes this chunk the predecessor of another.</summary>
    public void Link(Chunk next) => Next = next;

    public void Clear()
    {
        Next = null;
        Start = 0;
        Filled = 0;
    }
}
