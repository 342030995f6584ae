using System.Numerics;
using UserTcp.Wire;

namespace UserTcp.Links;

/// <summary>
/// One of two link ends in memory: what one transmits the other receives, in order, complete, and at once. There is no
/// thread and no clock inside, so a test can step both ends by hand.
/// </summary>
/// <remarks>
/// <para>
/// A full queue makes <see cref="Transmit"/> accept fewer frames; when the peer has drained it by half,
/// <see cref="Wait"/> returns. Frames that ask for what <see cref="LinkInfo.Features"/> does not offer, or are longer
/// than the MTU allows, are dropped and counted in <see cref="LinkStatistics.TransmitDropped"/>.
/// </para>
/// <para>
/// An end may have several queues (<see cref="LinkDevice.OpenQueues"/>), whether or not the other one has. Each has its
/// own room for frames. Frames go to the queue of their flow; a full queue holds back the frames behind them, too.
/// </para>
/// <para>
/// Disposing one end ends the link as a pulled cable does: the other end can still receive what waits for it, and what
/// it transmits meanwhile is dropped and counted; after that its calls throw <see cref="LinkDownException"/>. The two
/// ends may be used by different threads at the same time, each end by the rules of <see cref="LinkDevice"/>. Waits are
/// rounded up to whole milliseconds.
/// </para>
/// </remarks>
public sealed class VirtualLink : LinkDevice
{
    private const int NumberShift = 32;

    private readonly VirtualEnd _end;
    private readonly int _number;
    private readonly LinkFeatures _features;
    private readonly int _linkHeaderBytes;
    private readonly int _maxFrameBytes;
    private readonly int _maxWireBytes;
    private readonly FrameRing _incoming;
    private readonly LinkSignal _signal;
    private long _blocked; // the number of the peer's full queue plus one, and the frame's length; 0 if none is full

    internal VirtualLink(VirtualEnd end, VirtualLinkOptions options, int number)
    {
        _end = end;
        _number = number;
        _features = options.Features;
        _linkHeaderBytes = options.LinkHeaderBytes;
        _maxFrameBytes = options.MaxFrameBytes;
        _maxWireBytes = options.LinkHeaderBytes + options.Mtu;
        _incoming = new FrameRing(options.QueueFrames, options.QueueBytes);
        _signal = new LinkSignal(IsReady);
    }

    /// <inheritdoc/>
    public override LinkInfo Info => _end.Info;

    /// <inheritdoc/>
    public override LinkStatistics Statistics => new() { TransmitDropped = _end.TransmitDropped };

    /// <summary>Whether the other end is closed.</summary>
    internal bool IsPeerDisposed => _end.Peer.IsDisposed;

    /// <summary>Whether no frame waits to be received. Exact once the peer is closed.</summary>
    internal bool IsDrained => _incoming.IsEmpty;

    /// <summary>Makes two ends that are connected to one another.</summary>
    /// <param name="options">How both behave; null for the defaults.</param>
    /// <returns>The two ends. Each is to be disposed of by its user.</returns>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of range.</exception>
    /// <exception cref="ArgumentException">The features contradict each other.</exception>
    public static (VirtualLink First, VirtualLink Second) CreatePair(VirtualLinkOptions? options = null)
    {
        options = options?.Copy() ?? new VirtualLinkOptions();
        options.Validate();
        (VirtualEnd first, VirtualEnd second) = VirtualEnd.CreatePair(options);
        return (first.First, second.First);
    }

    /// <inheritdoc/>
    public override IReadOnlyList<LinkDevice> OpenQueues(int count)
    {
        ThrowIfNoQueueCount(count);
        ObjectDisposedException.ThrowIf(_end.IsDisposed, this);
        return _number == 0 ? _end.Open(count) : [this];
    }

    /// <inheritdoc/>
    public override int Receive(RxBatch batch)
    {
        ArgumentNullException.ThrowIfNull(batch);
        ObjectDisposedException.ThrowIf(_end.IsDisposed, this);
        bool isPeerGone = IsPeerDisposed; // read first: what the peer sent before it went is then visible below
        int count = _incoming.MoveTo(batch, (_features & LinkFeatures.ReceiveChecksumInfo) != 0);
        if (count > 0)
            NotifySenders();
        if (isPeerGone && _incoming.IsEmpty)
            OnDrained(count);
        return count;
    }

    /// <inheritdoc/>
    public override int Transmit(ReadOnlySpan<TxFrame> frames)
    {
        ObjectDisposedException.ThrowIf(_end.IsDisposed, this);
        if (IsPeerDisposed)
            return TransmitToNobody(frames.Length);

        VirtualEnd.Target target = _end.Peer.Queues;
        int accepted = 0;
        ulong reached = 0;
        while (accepted < frames.Length && TryTransmit(in frames[accepted], target, ref reached))
            accepted++;
        for (; reached != 0; reached &= reached - 1)
            target.Queues[BitOperations.TrailingZeroCount(reached)]._signal.Notify();
        return accepted;
    }

    /// <inheritdoc/>
    public override bool Wait(TimeSpan timeout)
    {
        ObjectDisposedException.ThrowIf(_end.IsDisposed, this);
        return _signal.Wait(timeout);
    }

    /// <inheritdoc/>
    public override void Wake() => _signal.Wake();

    /// <summary>
    /// Closes this end; the other hears of it once it has received what waits for it. Disposing of a queue other than
    /// the first does nothing.
    /// </summary>
    public override void Dispose()
    {
        if (_number != 0 || !_end.TryDispose())
            return;

        foreach (VirtualLink queue in _end.Queues.Queues)
            queue._signal.Wake();
        foreach (VirtualLink queue in _end.Peer.Queues.Queues)
            queue._signal.Notify();
    }

    internal override void Steer(in Steering steering) => _end.Steer(steering);

    private static void ThrowPeerGone() =>
        throw new LinkDownException("The other end of the virtual link has been disposed of.") { IsIntended = true };

    // The link is down for all queues at once, when the last frame has been received.
    private void OnDrained(int count)
    {
        if (!_end.IsDrained)
            return;
        if (count == 0)
            ThrowPeerGone();

        foreach (VirtualLink queue in _end.Queues.Queues)
            queue._signal.Notify();
    }

    private int TransmitToNobody(int count)
    {
        if (_end.IsDrained)
            ThrowPeerGone();

        _end.NoteDropped(count);
        return count;
    }

    private bool TryTransmit(in TxFrame frame, VirtualEnd.Target target, ref ulong reached)
    {
        if (!CanCarry(frame))
        {
            _end.NoteDropped(1);
            return true;
        }

        VirtualLink queue = target.For(frame, _linkHeaderBytes);
        if (!TryAdd(queue._incoming, frame) && !TryAddOrNote(queue, frame))
            return false;

        reached |= 1UL << queue._number;
        return true;
    }

    private bool TryAddOrNote(VirtualLink queue, in TxFrame frame)
    {
        // The peer may drain the queue between the failure and the note: look again after the note is visible.
        Volatile.Write(ref _blocked, ((queue._number + 1L) << NumberShift) | (uint)frame.Length);
        Interlocked.MemoryBarrier();
        if (!TryAdd(queue._incoming, frame))
            return false;

        Volatile.Write(ref _blocked, 0);
        return true;
    }

    // The queues of this end are used by a thread each, and all add to the same rings.
    private bool TryAdd(FrameRing ring, in TxFrame frame)
    {
        if (!_end.HasManySenders)
            return ring.TryAdd(frame);

        lock (ring.Adding)
            return ring.TryAdd(frame);
    }

    private bool CanCarry(in TxFrame frame)
    {
        FrameOffload offload = frame.Offload;
        if (offload.IsChecksumPartial && (_features & LinkFeatures.TransmitChecksum) == 0)
            return false;
        if (offload.Segmentation == SegmentationOffload.None)
            return frame.Length <= _maxWireBytes;

        return (_features & LinkFeatures.TransmitSegmentation) != 0
            && offload.SegmentSize > 0
            && offload.HeaderLength + offload.SegmentSize <= _maxWireBytes
            && frame.Length <= _maxFrameBytes;
    }

    private void NotifySenders()
    {
        Interlocked.MemoryBarrier();
        foreach (VirtualLink sender in _end.Peer.Queues.Queues)
        {
            if (Volatile.Read(ref sender._blocked) >> NumberShift == _number + 1 && _incoming.IsHalfEmpty)
                sender._signal.Notify();
        }
    }

    private bool IsReady() =>
        !_incoming.IsEmpty || _end.IsDisposed || (IsPeerDisposed && _end.IsDrained) || TakeWritable();

    // True once for every time that a queue was found full: a stack with nothing left to send must be able to sleep.
    private bool TakeWritable()
    {
        long blocked = Interlocked.Exchange(ref _blocked, 0);
        if (blocked == 0)
            return false;
        if (IsWritableAgain(blocked))
            return true;

        Volatile.Write(ref _blocked, blocked);
        Interlocked.MemoryBarrier();
        return IsWritableAgain(blocked);
    }

    // Queues that the peer does not use any more are never drained.
    private bool IsWritableAgain(long blocked)
    {
        VirtualLink[] queues = _end.Peer.Queues.Queues;
        int number = (int)(blocked >> NumberShift) - 1;
        return number >= queues.Length
            || (queues[number]._incoming.IsHalfEmpty && queues[number]._incoming.HasRoomFor((int)blocked));
    }
}
