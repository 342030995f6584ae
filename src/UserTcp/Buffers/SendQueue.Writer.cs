using System.Runtime.CompilerServices;

namespace UserTcp.Buffers;

/// <summary>
/// The writer's side, used without the door. The writer fills chunks, each linked to the one before, and tells by
/// <see cref="Flush"/> how far it came; the door's side takes that over by <see cref="Accept"/>. Between its first
/// <see cref="GetMemory"/> and the next flush a writer owns its last chunk. In between the chunk lies idle, and the
/// door's side may take it back when all is acknowledged, so that an idle connection holds no memory. One word,
/// exchanged atomically, says who has it.
/// </summary>
internal sealed partial class SendQueue
{
    private const int Idle = 0;
    private const int WithWriter = 1;
    private const int Reclaimed = 2;
    private const int StateMask = 3;

    /// <summary>The bits above the state count how often the writer took its chunk.</summary>
    private const int OneHold = 4;

    private int _holder = Reclaimed;
    private long _advanced;
    private long _flushed;
    private bool _isWriterGone;
    private Chunk? _tail;
    private Chunk? _scratch;

    // The first chunk since the door's side took the others back. It looks here when it has none.
    private Chunk? _chain;

    /// <summary>Where the writer's chunks come from.</summary>
    public IChunkSource Source { get; set; }

    /// <summary>Whether nobody writes any more: what a writer still writes is discarded.</summary>
    public bool IsWriterGone => Atomic.Read(ref _isWriterGone);

    /// <summary>The position after the last byte that was advanced over.</summary>
    public long Advanced => Atomic.Read(ref _advanced);

    /// <summary>The position after the last byte that was flushed.</summary>
    public long Flushed => Atomic.Read(ref _flushed);

    private bool IsDiscarding => IsWriterGone || IsAbandoned;

    /// <summary>Memory to write into, of at least <paramref name="hint"/> bytes and at least one.</summary>
    public Memory<byte> GetMemory(int hint)
    {
        int needed = Math.Max(hint, 1);
        if (IsDiscarding)
            return GetScratch(needed);

        TakeHold();
        if (_tail is null || _tail.Size - _tail.Filled < needed)
            AddChunk(needed);
        return _tail!.Tail;
    }

    /// <summary>Bytes were written into the memory that was given last.</summary>
    /// <exception cref="InvalidOperationException">No memory was asked for since the last flush.</exception>
    /// <exception cref="ArgumentOutOfRangeException">More bytes than the memory has.</exception>
    public void Advance(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        if (count == 0)
            return;
        if (_tail is null || !(IsHeld || ReferenceEquals(_tail, _scratch)))
            throw new InvalidOperationException("Call GetMemory or GetSpan before Advance.");
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, _tail.Size - _tail.Filled);
        _tail.Filled += count;
        Atomic.Write(ref _advanced, _advanced + count);
    }

    /// <summary>The stack may have all that the writer has advanced over.</summary>
    /// <returns>Whether the door's side has to hear of it.</returns>
    public bool Flush()
    {
        if (IsDiscarding)
        {
            Discard();
            return false;
        }

        if (!IsHeld)
            return false;
        Atomic.Write(ref _flushed, _advanced);
        LetGo();
        return true;
    }

    private bool IsHeld => (_holder & StateMask) == WithWriter;

    private void TakeHold()
    {
        while (!IsHeld)
        {
            int word = Atomic.Read(ref _holder);
            bool isReclaimed = (word & StateMask) == Reclaimed;
            if (!Atomic.Exchange(ref _holder, (word & ~StateMask) + OneHold | WithWriter, word))
                continue; // the door's side took the chunks back just now
            if (isReclaimed)
                _tail = null;
        }
    }

    private void LetGo() => Atomic.Write(ref _holder, (_holder & ~StateMask) | Idle);

    // A first small write gets a small chunk; who fills more than one gets large ones while memory abounds. The chunk
    // is linked before anything in it is advanced over.
    private void AddChunk(int needed)
    {
        bool isSmall = _tail is null || IsUnderPressure;
        Chunk chunk = Source.Take(isSmall ? needed : Math.Max(needed, Chunk.LargeSize));
        chunk.Start = _advanced;
        if (_tail is null)
            _chain = chunk;
        else
            _tail.Link(chunk);
        _tail = chunk;
    }

    /// <summary>Memory for what nobody will send: always the same, and none of the pool's.</summary>
    private Memory<byte> GetScratch(int needed)
    {
        Discard();
        if (_scratch is null || _scratch.Size < needed)
            _scratch = new Chunk(Math.Max(needed, Chunk.SmallSize));
        _scratch.Filled = 0;
        _tail = _scratch;
        return _tail.Tail;
    }

    private void Discard()
    {
        _tail = null;
        Atomic.Write(ref _advanced, _flushed);
        if (IsHeld)
            LetGo();
    }

    /// <summary>
    /// Words that the writer and the door's side exchange without the door. The core has no other use of threads.
    /// </summary>
    private static class Atomic
    {
#pragma warning disable RS0030 // See above.
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static int Read(ref int word) => Volatile.Read(ref word);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static long Read(ref long word) => Volatile.Read(ref word);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static bool Read(ref bool word) => Volatile.Read(ref word);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void Write(ref int word, int value) => Volatile.Write(ref word, value);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void Write(ref long word, long value) => Volatile.Write(ref word, value);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void Write(ref bool word, bool value) => Volatile.Write(ref word, value);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static bool Exchange(ref int word, int value, int comparand) =>
            Interlocked.CompareExchange(ref word, value, comparand) == comparand;
#pragma warning restore RS0030
    }
}
