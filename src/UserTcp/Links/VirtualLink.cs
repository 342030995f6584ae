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
/// Disposing one end ends the link as a pulled cable does: the other end can still receive what waits for it, and what
/// it transmits meanwhile is dropped and counted; after that its calls throw <see cref="LinkDownException"/>. The two
/// ends may be used by different threads at the same time, each end by the rules of <see cref="LinkDevice"/>. Waits are
/// rounded up to whole milliseconds.
/// </para>
/// </remarks>
public sealed class VirtualLink : LinkDevice
{
    private readonly LinkFeatures _features;
    private readonly int _maxFrameBytes;
    private readonly int _maxWireBytes;
    private readonly FrameRing _incoming;
    private readonly FrameRing _outgoing;
    private readonly LinkSignal _signal;
    private VirtualLink _peer = null!;
    private long _transmitDropped;
    private int _blockedLength; // of the frame that found no room, 0 if none did
    private volatile bool _isDisposed;

    private VirtualLink(VirtualLinkOptions options, string end, FrameRing incoming, FrameRing outgoing)
    {
        _features = options.Features;
        _maxFrameBytes = options.MaxFrameBytes;
        _maxWireBytes = options.LinkHeaderBytes + options.Mtu;
        _incoming = incoming;
        _outgoing = outgoing;
        _signal = new LinkSignal(IsReady);
        Info = new LinkInfo
        {
            Name = $"virtual:{options.Name}.{end}",
            Mtu = options.Mtu,
            Medium = options.Medium,
            Features = options.Features,
            MaxReceiveFrame = options.MaxFrameBytes,
        };
    }

    /// <inheritdoc/>
    public override LinkInfo Info { get; }

    /// <inheritdoc/>
    public override LinkStatistics Statistics => new() { TransmitDropped = Volatile.Read(ref _transmitDropped) };

    /// <summary>Whether the other end is closed.</summary>
    internal bool IsPeerDisposed => _peer._isDisposed;

    /// <summary>Makes two ends that are connected to one another.</summary>
    /// <param name="options">How both behave; null for the defaults.</param>
    /// <returns>The two ends. Each is to be disposed of by its user.</returns>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of range.</exception>
    /// <exception cref="ArgumentException">The features contradict each other.</exception>
    public static (VirtualLink First, VirtualLink Second) CreatePair(VirtualLinkOptions? options = null)
    {
        options ??= new VirtualLinkOptions();
        options.Validate();
        var toFirst = new FrameRing(options.QueueFrames, options.QueueBytes);
        var toSecond = new FrameRing(options.QueueFrames, options.QueueBytes);
        var first = new VirtualLink(options, "a", toFirst, toSecond);
        var second = new VirtualLink(options, "b", toSecond, toFirst);
        first._peer = second;
        second._peer = first;
        return (first, second);
    }

    /// <inheritdoc/>
    public override int Receive(RxBatch batch)
    {
        ArgumentNullException.ThrowIfNull(batch);
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        bool isPeerGone = _peer._isDisposed; // read first: what the peer sent before it went is then visible below
        int count = _incoming.MoveTo(batch, (_features & LinkFeatures.ReceiveChecksumInfo) != 0);
        if (count > 0)
            _peer.NotifyWritable();
        else if (isPeerGone && _incoming.IsEmpty)
            ThrowPeerGone();
        return count;
    }

    /// <inheritdoc/>
    public override int Transmit(ReadOnlySpan<TxFrame> frames)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        if (_peer._isDisposed)
            return TransmitToNobody(frames.Length);

        int accepted = 0;
        while (accepted < frames.Length && TryTransmit(in frames[accepted]))
            accepted++;
        if (accepted > 0)
            _peer._signal.Notify();
        return accepted;
    }

    /// <inheritdoc/>
    public override bool Wait(TimeSpan timeout)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        return _signal.Wait(timeout);
    }

    /// <inheritdoc/>
    public override void Wake() => _signal.Wake();

    /// <summary>Closes this end; the other hears of it once it has received what waits for it.</summary>
    public override void Dispose()
    {
        if (_isDisposed)
            return;

        _isDisposed = true;
        _signal.Wake();
        _peer._signal.Notify();
    }

    private static void ThrowPeerGone() =>
        throw new LinkDownException("The other end of the virtual link has been disposed of.") { IsIntended = true };

    private int TransmitToNobody(int count)
    {
        if (_incoming.IsEmpty)
            ThrowPeerGone();

        Interlocked.Add(ref _transmitDropped, count);
        return count;
    }

    private bool TryTransmit(in TxFrame frame)
    {
        if (!CanCarry(frame))
        {
            Interlocked.Increment(ref _transmitDropped);
            return true;
        }

        if (_outgoing.TryAdd(frame))
            return true;

        // The peer may drain the queue between the failure and the note: look again after the note is visible.
        Volatile.Write(ref _blockedLength, frame.Length);
        Interlocked.MemoryBarrier();
        if (!_outgoing.TryAdd(frame))
            return false;

        Volatile.Write(ref _blockedLength, 0);
        return true;
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

    private void NotifyWritable()
    {
        Interlocked.MemoryBarrier();
        if (Volatile.Read(ref _blockedLength) != 0 && _outgoing.IsHalfEmpty)
            _signal.Notify();
    }

    private bool IsReady() => !_incoming.IsEmpty || _isDisposed || _peer._isDisposed || TakeWritable();

    // True once for every time that the queue was found full: a stack with nothing left to send must be able to sleep.
    private bool TakeWritable()
    {
        int length = Interlocked.Exchange(ref _blockedLength, 0);
        if (length == 0)
            return false;
        if (IsWritableAgain(length))
            return true;

        Volatile.Write(ref _blockedLength, length);
        Interlocked.MemoryBarrier();
        return IsWritableAgain(length);
    }

    private bool IsWritableAgain(int length) => _outgoing.IsHalfEmpty && _outgoing.HasRoomFor(length);
}
