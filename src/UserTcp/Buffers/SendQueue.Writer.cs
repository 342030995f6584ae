using System.Diagnostics;

namespace UserTcp.Buffers;

/// <summary>
/// The writer's side. Between its first <see cref="TryGetMemory"/> and the next <see cref="Publish"/> a writer owns the
/// tail chunk and the spare, and needs no door to fill them. In between they lie idle, and the machine may take them
/// back when all is acknowledged, so that an idle connection holds no memory. Who has them is settled by one word,
/// exchanged atomically: the one place where the two sides of the door meet without it.
/// </summary>
internal sealed partial class SendQueue
{
    private const int Idle = 0;
    private const int WithWriter = 1;
    private const int Reclaimed = 2;

    /// <summary>Below this much room in the tail, a spare is rented in advance.</summary>
    private const int SpareBelow = Chunk.SmallSize;

    private int _holder = Reclaimed;
    private Chunk? _tail;
    private Chunk? _spare;
    private Chunk? _scratch;

    // What the door's side knows to be the writer's: the writer may have exchanged the two since.
    private Chunk? _lent;
    private Chunk? _lentSpare;

    /// <summary>Whether the application let go of the connection: what it still writes is discarded.</summary>
    public bool IsWriterGone { get; private set; }

    /// <summary>The position after the last byte that was advanced over; the writer's own.</summary>
    public long Advanced { get; private set; }

    /// <summary>
    /// Memory to write into, without the door. False: there is none at hand, call <see cref="GetMemory"/> under the
    /// door.
    /// </summary>
    public bool TryGetMemory(int hint, out Memory<byte> memory)
    {
        memory = default;
        if (!TakeHold())
            return false;
        int needed = Math.Max(hint, 1);
        if (_tail is null)
            return false;
        if (_tail.Size - _tail.Filled < needed)
        {
            if (_spare is null || _spare.Size < needed)
                return false;
            _spare.Start = Advanced;
            _tail = _spare;
            _spare = null;
            Fence(); // whoever sees what is advanced over in here sees the chunk, too
        }

        memory = _tail.Tail;
        return true;
    }

    /// <summary>
    /// Memory to write into, of at least <paramref name="hint"/> bytes and at least one. Under the door.
    /// </summary>
    public Memory<byte> GetMemory(int hint)
    {
        if (TryGetMemory(hint, out Memory<byte> memory))
            return memory;
        if (IsWriterGone || IsAbandoned)
            return GetScratch(hint);

        AppendTail();
        // A first small write gets a small chunk; who fills more than one gets large ones while memory abounds.
        bool isSmall = _count == 0 || IsUnderPressure;
        Chunk chunk = Rent(isSmall ? hint : Math.Max(hint, Chunk.LargeSize));
        chunk.Start = Advanced;
        Append(chunk);
        _tail = _lent = chunk;
        _holder = WithWriter;
        return chunk.Tail;
    }

    /// <summary>Bytes were written into the memory that was given last. Without the door.</summary>
    /// <exception cref="InvalidOperationException">No memory was asked for since the last flush.</exception>
    /// <exception cref="ArgumentOutOfRangeException">More bytes than the memory has.</exception>
    public void Advance(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        if (count == 0)
            return;
        if (_holder != WithWriter || _tail is null)
            throw new InvalidOperationException("Call GetMemory or GetSpan before Advance.");
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, _tail.Size - _tail.Filled);
        _tail.Filled += count;
        Advanced += count;
    }

    /// <summary>Lets the stack send what the writer has advanced over. Under the door, by the writer.</summary>
    /// <param name="isWriterBusy">
    /// Whether somebody else asks for it, and the writer may be filling its memory just now: that stays its own for
    /// good, and is given up with the connection.
    /// </param>
    /// <returns>Whether there was anything new.</returns>
    public bool Publish(bool isWriterBusy = false)
    {
        if (IsWriterGone || IsAbandoned)
        {
            if (!isWriterBusy)
                Discard();
            return false;
        }

        if (_holder != WithWriter)
            return false;
        long advanced = Advanced;
        Fence();
        AppendTail();
        bool isNew = advanced > End;
        End = advanced;
        if (isWriterBusy)
            return isNew;
        if (isNew && WantsSpare)
            _spare = _lentSpare = Rent(Chunk.LargeSize);
        _holder = Idle;
        if (Start == End)
            ReclaimIfIdle();
        return isNew;
    }

    /// <summary>
    /// The application let go, perhaps while a writer is at work: what was published is still sent, nothing more. Under
    /// the door.
    /// </summary>
    public void CloseWriter() => IsWriterGone = true;

    private bool WantsSpare => _spare is null && _tail!.Size - _tail.Filled < SpareBelow
        && Unacknowledged > Chunk.SmallSize && !IsUnderPressure;

    private bool TakeHold() => _holder == WithWriter || Exchange(WithWriter, Idle);

#pragma warning disable RS0030 // See above: the writer is outside the door here.
    private bool Exchange(int value, int comparand) =>
        Interlocked.CompareExchange(ref _holder, value, comparand) == comparand;
#pragma warning restore RS0030

    private void Fence() => Exchange(WithWriter, WithWriter);

    /// <summary>The writer may have moved on to the spare without the door: the ring learns of it here.</summary>
    private void AppendTail()
    {
        if (_tail is null || ReferenceEquals(_tail, _lent))
            return;
        Append(_tail);
        _lent = _tail;
        _lentSpare = null;
    }

    private bool ReclaimIfIdle()
    {
        if (_holder != Reclaimed && !Exchange(Reclaimed, Idle))
            return false;
        while (_count > 0)
            Return(RemoveHead());
        ReturnRing();
        if (_spare is not null)
            Return(_spare);
        _tail = _spare = _lent = _lentSpare = null;
        _cursor = 0;
        return true;
    }

    private void ForgetWriterMemory()
    {
        Debug.Assert(_count <= 1, "Only the last chunk of the ring may be the writer's.");
        if (_count > 0)
            Forget(RemoveHead());
        ReturnRing();
        if (_lentSpare is not null)
            Forget(_lentSpare);
        _lent = _lentSpare = null;
    }

    /// <summary>Memory for what nobody will send: always the same, and none of the pool's.</summary>
    private Memory<byte> GetScratch(int hint)
    {
        if (_scratch is null || _scratch.Size < hint)
            _scratch = new Chunk(Math.Max(hint, Chunk.SmallSize));
        _holder = WithWriter;
        _scratch.Filled = 0;
        Advanced = End;
        _tail = _scratch;
        _spare = null;
        return _tail.Tail;
    }

    // Chunks that no writer has taken stay where they are: they go back when all is acknowledged.
    private void Discard()
    {
        Advanced = End;
        if (_holder == WithWriter)
            _tail = _spare = null;
    }
}
