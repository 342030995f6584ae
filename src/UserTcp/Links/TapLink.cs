using System.Net.Sockets;
using System.Runtime.InteropServices;
using UserTcp.Links.Native;
using UserTcp.Wire;

namespace UserTcp.Links;

/// <summary>
/// The far end of a TAP or TUN interface of Linux: what the system sends through the interface arrives here, and what
/// is sent here arrives there. The fastest link between a stack and the system it runs on: super-segments of up to
/// 64 KiB both ways, checksums left out both ways, no queue between.
/// </summary>
/// <remarks>
/// <para>
/// TAP carries Ethernet: the stack has a MAC address of its own and answers ARP; the interface can be a port of a
/// bridge. TUN carries bare IP packets, without ARP: the system routes to the stack.
/// </para>
/// <para>
/// A TAP that root has made for a user (<c>ip tuntap add dev tap0 mode tap user alice</c>, with an address, and up)
/// needs no capability. If the interface does not exist, the link makes it, switches it on, and removes it at disposal;
/// that needs CAP_NET_ADMIN.
/// </para>
/// <para>
/// Several queues (<see cref="LinkDevice.OpenQueues"/>) need an interface with several (<c>multi_queue</c>). The system
/// sends each flow to the queue that it last came from.
/// </para>
/// <para>
/// What is sent while the interface is down, or is longer than its MTU, is dropped and counted as a wire would drop it;
/// back up, traffic goes on. Only an interface that is deleted is a <see cref="LinkDownException"/>. A changed MTU is
/// noticed within 20 ms of sending.
/// </para>
/// </remarks>
public sealed unsafe partial class TapLink : LinkDevice
{
    private const long MtuPeriodMilliseconds = 20;

    // What is beyond has left the second-level cache before the stack copies it into its place (see PacketInbox).
    private const int HotBytes = 512 << 10;

    private readonly TapHandle _tap;
    private readonly TapLink _first; // of the queues
    private readonly Socket _questions;
    private readonly int _index;
    private readonly int _linkHeaderBytes;
    private readonly UnixWaiter _waiter;

    // For all queues, in the first one.
    private TapLink[] _queues;
    private LinkInfo _info;
    private long _receiveDropped;
    private long _transmitDropped;

    private long _mtuAsked;
    private volatile bool _isBlocked;
    private bool _isDisposed;

    private TapLink(TapHandle tap, Socket questions, InterfaceFacts facts, LinkMedium medium)
    {
        _tap = tap;
        _first = this;
        _queues = [this];
        _questions = questions;
        _index = facts.Index;
        _linkHeaderBytes = medium == LinkMedium.Ethernet ? EthernetHeader.Size : 0;
        _info = Describe(tap.Name, facts.Mtu, medium);
        _waiter = new UnixWaiter(tap.Descriptor);
    }

    private TapLink(TapLink first, TapHandle tap)
    {
        _tap = tap;
        _first = first;
        _queues = [];
        _questions = first._questions;
        _index = first._index;
        _linkHeaderBytes = first._linkHeaderBytes;
        _info = first._info;
        _waiter = new UnixWaiter(tap.Descriptor);
    }

    /// <inheritdoc/>
    public override LinkInfo Info => _first._info;

    /// <inheritdoc/>
    public override LinkStatistics Statistics => new()
    {
        ReceiveDropped = Volatile.Read(ref _first._receiveDropped),
        TransmitDropped = Volatile.Read(ref _first._transmitDropped),
    };

    /// <inheritdoc/>
    public override int Receive(RxBatch batch)
    {
        ArgumentNullException.ThrowIfNull(batch);
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        int before = batch.Count;
        int bytes = 0;
        while (!batch.IsFull && bytes < HotBytes)
        {
            byte* start = batch.FreeSlot(0) - FrameOffload.Size;
            nint read = LibcNative.Read(_tap.Descriptor, start, FrameOffload.Size + RxBatch.MaxFrameBytes);
            int error = read < 0 ? Marshal.GetLastPInvokeError() : 0;
            if (error == LibcNative.Interrupted)
                continue;
            ThrowIfGone(error);
            if (read < 0)
                break;

            int length = (int)read - FrameOffload.Size;
            bytes += length;
            if (length is <= 0 or > RxBatch.MaxFrameBytes)
                Interlocked.Increment(ref _first._receiveDropped);
            else
                batch.Commit(length, *(FrameOffload*)start);
        }

        return batch.Count - before;
    }

    /// <inheritdoc/>
    public override int Transmit(ReadOnlySpan<TxFrame> frames)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        FollowMtu();
        int longest = Info.Mtu + _linkHeaderBytes;
        for (int i = 0; i < frames.Length; i++)
        {
            ref readonly TxFrame frame = ref frames[i];
            bool isWhole = frame.Offload.Segmentation == SegmentationOffload.None;
            if (frame.Length > (isWhole ? longest : RxBatch.UsualFrameBytes))
            {
                Interlocked.Increment(ref _first._transmitDropped); // the system would take it, and let its length wrap
            }
            else if (!TrySend(frame))
            {
                _isBlocked = true;
                _waiter.Nudge(); // a loop that sleeps already does not wait for room
                return i;
            }
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
        _questions.Dispose();
    }

    /// <summary>Sends or drops a frame; false if there is no room.</summary>
    private bool TrySend(in TxFrame frame)
    {
        MessagePiece* pieces = stackalloc MessagePiece[FramePieces.Most];
        int count = FramePieces.Describe(frame, pieces);
        while (LibcNative.WritePieces(_tap.Descriptor, pieces, count) < 0)
        {
            int error = Marshal.GetLastPInvokeError();
            if (error == LibcNative.TryAgain)
                return false;
            if (error == LibcNative.Interrupted)
                continue;
            ThrowIfGone(error);
            Interlocked.Increment(ref _first._transmitDropped); // switched off, out of memory: gone, as on a wire
            break;
        }

        return true;
    }

    // The system takes frames of any length here, and says nothing of a changed MTU.
    private void FollowMtu()
    {
        long now = Environment.TickCount64;
        if (now - _mtuAsked < MtuPeriodMilliseconds)
            return;

        _mtuAsked = now;
        int mtu = LinuxInterface.Mtu((int)_questions.Handle, _index);
        if (mtu > 0 && mtu != Info.Mtu)
            _first._info = Info with { Mtu = mtu };
    }

    private void ThrowIfGone(int error)
    {
        if (error == LibcNative.BadDescriptorState)
            throw new LinkDownException($"The interface '{_tap.Name}' is gone: it was deleted.");
    }
}
