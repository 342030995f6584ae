using System.Runtime.InteropServices;
using UserTcp.Links.Native;

namespace UserTcp.Links;

/// <summary>
/// A network interface of Linux through a packet socket: the stack's frames leave and arrive beside those of the
/// system, under an address of the stack's own. The fastest link to a card: many frames by one system call,
/// super-segments of up to 64 KiB from where the application wrote them, checksums left to the card, both ways.
/// </summary>
/// <remarks>
/// <para>
/// A frame longer than the MTU, or one sent while the interface is down, is dropped and counted as a wire would drop
/// it; back up, traffic goes on. Only an interface that is deleted, or moved to another network namespace, is a
/// <see cref="LinkDownException"/>. A changed MTU is noticed within 20 ms of sending.
/// </para>
/// <para>
/// Several queues (<see cref="LinkDevice.OpenQueues"/>) are a socket each, among which the system divides what arrives
/// by flow.
/// </para>
/// <para>
/// What this machine itself sends through the interface is not received, neither the system's frames nor those of a
/// second stack on the same interface: the two reach others, not one another. For that there are veth pairs, TAP and
/// <see cref="VirtualLink"/>. Frames with a VLAN tag are not received either: open the VLAN's own interface.
/// </para>
/// <para>
/// Needs CAP_NET_RAW; with CAP_NET_ADMIN its buffers may exceed the system's limits. The interface is looked for in
/// the network namespace of the thread that opens it, and stays there.
/// </para>
/// </remarks>
public sealed unsafe partial class PacketSocketLink : LinkDevice
{
    private const long MtuPeriodMilliseconds = 20;

    private readonly string _device;
    private readonly PacketHandle _socket;
    private readonly MacAddress? _cardAddress;
    private readonly PacketSocketLinkOptions _options;
    private readonly PacketSocketLink _first; // of the queues
    private readonly UnixWaiter _waiter;
    private readonly PacketInbox _inbox = new();
    private readonly PacketOutbox _outbox = new();
    private readonly Lock _counting = new();
    // For all queues, in the first one.
    private PacketSocketLink[] _queues;
    private ushort? _group;
    private LinkInfo _info;
    private long _receiveDropped;
    private long _receiveTooLong;
    private long _transmitDropped;

    private long _mtuAsked;
    private volatile bool _isBlocked;
    private volatile bool _isDisposed;

    private PacketSocketLink(
        string device, PacketHandle socket, InterfaceFacts facts, PacketSocketLinkOptions options)
    {
        _device = device;
        _socket = socket;
        _cardAddress = facts.MacAddress;
        _options = options;
        _first = this;
        _queues = [this];
        _info = Describe(device, facts);
        Warning = WarningFor(socket, options);
        _waiter = new UnixWaiter(socket.Descriptor);
    }

    private PacketSocketLink(PacketSocketLink first, PacketHandle socket)
    {
        _device = first._device;
        _socket = socket;
        _options = first._options;
        _first = first;
        _queues = [];
        _info = first._info;
        _waiter = new UnixWaiter(socket.Descriptor);
    }

    /// <inheritdoc/>
    public override LinkInfo Info => _first._info;

    /// <summary>A permission or size that the system refused and that is not required; null if there is none.</summary>
    public string? Warning { get; }

    /// <inheritdoc/>
    public override LinkStatistics Statistics => _first.CountAll();

    /// <summary>
    /// Filters in the system: only frames to this address, to everybody and to groups arrive, and none from it. Has the
    /// card receive for the address if it is not the card's.
    /// </summary>
    /// <param name="address">The MAC address of the stack.</param>
    /// <exception cref="IOException">The system refuses the filter or the mode.</exception>
    public override void SetReceiveAddress(MacAddress address)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        // A card that has no room for another address takes everything; the system sees to those that never have.
        if (_options.Promiscuous is null && address != _cardAddress && !_socket.TryReceiveFor(address))
            _socket.ReceiveEverything();
        FilterInstruction[] filter = PacketFilter.Compile(address);
        foreach (PacketSocketLink queue in _queues)
            queue._socket.SetFilter(filter);
    }

    /// <inheritdoc/>
    public override int Receive(RxBatch batch)
    {
        ArgumentNullException.ThrowIfNull(batch);
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        int before = batch.Count;
        InboxDrops dropped = default;
        while (!batch.IsFull && _inbox.Receive(_socket.Descriptor, batch, out dropped) < 0)
        {
            int error = Marshal.GetLastPInvokeError();
            if (error == LibcNative.Interrupted)
                continue;
            if (error != LibcNative.TryAgain)
                ThrowIfGone();
            break;
        }

        if (dropped.All > 0)
        {
            Interlocked.Add(ref _first._receiveDropped, dropped.All);
            Interlocked.Add(ref _first._receiveTooLong, dropped.TooLong);
        }

        return batch.Count - before;
    }

    /// <inheritdoc/>
    public override int Transmit(ReadOnlySpan<TxFrame> frames)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        for (int done = 0; done < frames.Length;)
        {
            int sent = Send(frames[done..]);
            done += sent;
            if (sent > 0)
                continue;

            _isBlocked = true;
            _waiter.Nudge(); // a loop that sleeps already does not wait for room
            return done;
        }

        _isBlocked = false;
        return frames.Length;
    }

    /// <inheritdoc/>
    public override bool Wait(TimeSpan timeout)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        return _waiter.Wait(_isBlocked, timeout);
    }

    /// <inheritdoc/>
    public override void Wake() => _waiter.Wake();

    /// <summary>Closes all queues, if this is the first one; does nothing if it is another.</summary>
    public override void Dispose()
    {
        if (_first != this)
            return;

        CloseFrom(0);
    }

    private void Close()
    {
        CountKernelDrops();
        lock (_counting)
        {
            if (_isDisposed)
                return;

            _isDisposed = true;
        }

        _waiter.Dispose();
        _socket.Dispose();
        _inbox.Dispose();
        _outbox.Dispose();
    }

    /// <summary>Sends or drops a frame at least, as many as go by one call; 0 if there is no room.</summary>
    private int Send(ReadOnlySpan<TxFrame> frames)
    {
        int count = CountSendable(frames);
        if (count == 0)
            return Drop();

        int sent;
        while ((sent = _outbox.Send(_socket.Descriptor, frames[..count])) <= 0)
        {
            int error = Marshal.GetLastPInvokeError();
            if (error == LibcNative.TryAgain)
                return 0;
            if (error == LibcNative.Interrupted)
                continue;
            if (error is LibcNative.NoSuchDeviceOrAddress or LibcNative.NoSuchDevice or LibcNative.NetworkDown)
                ThrowIfGone();
            if (error == LibcNative.MessageTooLong)
                FollowMtu();
            return Drop(); // carrier lost, queue full, too long: gone, as on a wire
        }

        return sent;
    }

    /// <summary>The frames up to the first that cannot be sent; the system would let its length wrap.</summary>
    private int CountSendable(ReadOnlySpan<TxFrame> frames)
    {
        int most = Math.Min(frames.Length, PacketOutbox.MostFrames);
        int count = 0;
        bool isAnyCut = false;
        while (count < most && frames[count].Length <= RxBatch.UsualFrameBytes)
            isAnyCut |= frames[count++].Offload.Segmentation != SegmentationOffload.None;
        if (isAnyCut && Environment.TickCount64 - _mtuAsked >= MtuPeriodMilliseconds)
            FollowMtu();
        return count;
    }

    private int Drop()
    {
        Interlocked.Increment(ref _first._transmitDropped);
        return 1;
    }

    // The system says nothing of super-segments whose pieces are too long.
    private void FollowMtu()
    {
        _mtuAsked = Environment.TickCount64;
        int mtu = _socket.Mtu;
        if (mtu > 0 && mtu != _first._info.Mtu)
            _first._info = _first._info with { Mtu = mtu };
    }

    // An interface that was switched off is still there: the system reports it once, and goes on when it is back.
    private void ThrowIfGone()
    {
        if (!_socket.IsBound)
            throw new LinkDownException($"The interface '{_device}' is gone: deleted, or moved to another namespace.");
    }

    private LinkStatistics CountAll()
    {
        foreach (PacketSocketLink queue in _queues)
            queue.CountKernelDrops();
        return new LinkStatistics
        {
            ReceiveDropped = Volatile.Read(ref _receiveDropped),
            ReceiveTooLong = Volatile.Read(ref _receiveTooLong),
            TransmitDropped = Volatile.Read(ref _transmitDropped),
        };
    }

    private void CountKernelDrops()
    {
        lock (_counting)
        {
            if (!_isDisposed)
                Interlocked.Add(ref _first._receiveDropped, _socket.TakeDrops());
        }
    }
}
