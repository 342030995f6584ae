using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using SharpPcap;
using SharpPcap.LibPcap;
using UserTcp.Links.Native;

namespace UserTcp.Links;

/// <summary>
/// A network interface of the system through SharpPcap, over libpcap (Linux, macOS) or Npcap (Windows): the stack's
/// frames leave and arrive beside those of the system, under an address of the stack's own.
/// </summary>
/// <remarks>
/// <para>
/// Frames are sent whole: put a <see cref="SoftwareOffload"/> in front, as <c>UserTcpStack</c> does by itself. A frame
/// longer than the MTU, or one sent while the interface is down, is dropped and counted as a wire would drop it; back
/// up, traffic goes on. Only a deleted interface is a <see cref="LinkDownException"/>.
/// </para>
/// <para>
/// What this machine itself sends through the interface is not received, neither the system's frames nor those of a
/// second stack on the same interface: the two reach others, not one another. For that there are veth pairs, TAP and
/// <see cref="VirtualLink"/>.
/// </para>
/// <para>
/// Needs CAP_NET_RAW on Linux, where <see cref="PacketSocketLink"/> is the faster link. Tested there. The code for
/// macOS and Windows exists and is not tested here. On Linux the interface is looked for in the network namespace
/// of the thread that opens it, and stays there.
/// </para>
/// </remarks>
public sealed unsafe partial class PcapLink : LinkDevice
{
    private const int StatisticsBytes = 32;

    private readonly string _device;
    private readonly PulledPcapDevice _pulled;
    private readonly PcapHandle _handle; // SharpPcap's, which a disposed device forgets
    private readonly InterfaceFacts _facts;
    private readonly DeviceWaiter _waiter;
    private readonly int _socket; // Linux: answers for the interface's namespace; -1 elsewhere
    private readonly bool? _isPromiscuousWanted;
    private readonly Lock _counting = new();
    private readonly byte[] _frameMemory = GC.AllocateUninitializedArray<byte>(RxBatch.UsualFrameBytes, pinned: true);
    private readonly LongFrames? _longFrames;
    private LinkInfo _info;
    private long _receiveDropped;
    private long _receiveTooLong;
    private long _kernelDropped;
    private uint _lastDropped;
    private uint _lastInterfaceDropped;
    private long _transmitDropped;
    private volatile bool _isBlocked;
    private bool _mayHaveMore;
    private bool _isPromiscuous;
    private volatile bool _isDisposed;

    private PcapLink(
        string device, PulledPcapDevice pulled, InterfaceFacts facts, LinkInfo info, PcapLinkOptions options)
    {
        _device = device;
        _pulled = pulled;
        _handle = pulled.Handle;
        _facts = facts;
        _info = info;
        _isPromiscuousWanted = options.Promiscuous;
        _isPromiscuous = options.Promiscuous ?? !OperatingSystem.IsLinux();
        _socket = OperatingSystem.IsLinux() ? pulled.Descriptor : -1;
        if (_socket >= 0 && info.MaxReceiveFrame > RxBatch.UsualFrameBytes)
            _longFrames = LongFrames.TryAsk(_socket, options.BufferBytes ?? MergedBufferBytes);
        Warning = WarningFor(pulled, _longFrames);
        IgnoreOwnHost();
        _waiter = OperatingSystem.IsWindows()
            ? new WindowsWaiter(PcapNative.Waitable(_handle))
            : new UnixWaiter(pulled.Descriptor);
    }

    /// <inheritdoc/>
    public override LinkInfo Info => _info;

    /// <summary>
    /// The library's warning of when the device was opened, or a wish that the system did not grant and that the link
    /// can do without; null if there is none.
    /// </summary>
    public string? Warning { get; }

    /// <inheritdoc/>
    public override LinkStatistics Statistics
    {
        get
        {
            lock (_counting)
            {
                CountKernelDrops();
                return new LinkStatistics
                {
                    ReceiveDropped = _kernelDropped + Volatile.Read(ref _receiveDropped),
                    ReceiveTooLong = Volatile.Read(ref _receiveTooLong),
                    TransmitDropped = Volatile.Read(ref _transmitDropped),
                };
            }
        }
    }

    /// <summary>
    /// Filters in the system: only frames to this address, to everybody and to groups arrive, and none from it.
    /// Receives promiscuously if the address is not the card's.
    /// </summary>
    /// <param name="address">The MAC address of the stack.</param>
    /// <exception cref="IOException">The system refuses the filter or the mode.</exception>
    public override void SetReceiveAddress(MacAddress address)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        if (_info.Medium != LinkMedium.Ethernet)
            return;

        if (!_isPromiscuous && _isPromiscuousWanted is null && address != _facts.MacAddress)
            BecomePromiscuous();
        string filter = FilterFor(address);
        try
        {
            _pulled.Filter = filter;
        }
        catch (PcapException e)
        {
            throw new IOException($"The filter '{filter}' cannot be set: {e.Message}", e);
        }
    }

    /// <inheritdoc/>
    public override int Receive(RxBatch batch)
    {
        ArgumentNullException.ThrowIfNull(batch);
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        int before = batch.Count;
        nint header = 0;
        nint bytes = 0;
        while (!batch.IsFull)
        {
            int status = _pulled.GetNextPacketPointers(ref header, ref bytes);
            if (status == 1)
                Take(batch, (byte*)header, (byte*)bytes);
            else
            {
                if (status < 0)
                    ThrowIfGone();
                break;
            }
        }

        _mayHaveMore = batch.IsFull; // the library may hold frames that the descriptor knows nothing of
        return batch.Count - before;
    }

    /// <inheritdoc/>
    public override int Transmit(ReadOnlySpan<TxFrame> frames)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        for (int i = 0; i < frames.Length; i++)
        {
            if (TrySend(frames[i]))
                continue;

            _isBlocked = true;
            _waiter.Nudge(); // a loop that sleeps already does not wait for room
            return i;
        }

        _isBlocked = false;
        return frames.Length;
    }

    /// <inheritdoc/>
    public override bool Wait(TimeSpan timeout)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        return _mayHaveMore || _waiter.Wait(_isBlocked, timeout);
    }

    /// <inheritdoc/>
    public override void Wake() => _waiter.Wake();

    /// <inheritdoc/>
    public override void Dispose()
    {
        lock (_counting)
        {
            if (_isDisposed)
                return;

            CountKernelDrops();
            _isDisposed = true;
        }

        _waiter.Dispose();
        _pulled.Dispose();
    }

    // Linux. Elsewhere the filter leaves out what the card's address has sent.
    private void IgnoreOwnHost()
    {
        int isOn = 1;
        if (_socket >= 0)
            LibcNative.SetSocketOption(_socket, LibcNative.PacketLevel, LibcNative.IgnoreOutgoing, &isOn, sizeof(int));
    }

    private string FilterFor(MacAddress address)
    {
        string host = _socket < 0 && _facts.MacAddress is { } card ? $" and not ether src {card}" : "";
        return $"(ether dst {address} or ether broadcast or ether multicast) and not ether src {address}{host}";
    }

    // Elsewhere the device is opened so, since the mode cannot be changed later.
    private void BecomePromiscuous()
    {
        var membership = new PacketMembership { InterfaceIndex = _facts.Index, Kind = PacketMembership.Promiscuous };
        int failed = LibcNative.SetSocketOption(
            _socket, LibcNative.PacketLevel, LibcNative.AddMembership, &membership, (uint)sizeof(PacketMembership));
        if (failed != 0)
            throw new IOException(
                $"The interface '{_device}' cannot receive for another MAC address than its own: "
                + $"{Marshal.GetLastPInvokeErrorMessage()}.");
        _isPromiscuous = true;
    }

    private void Take(RxBatch batch, byte* header, byte* bytes)
    {
        uint captured = *(uint*)(header + PcapNative.CaptureLengthOffset);
        uint length = *(uint*)(header + PcapNative.CaptureLengthOffset + sizeof(uint));
        var frame = new ReadOnlySpan<byte>(bytes, (int)captured);
        if (TryComplete(frame, length, batch.Reserve()))
            batch.Commit((int)length);
        else
            CountCutOff(length);
    }

    /// <summary>Copies a frame, of which the ring may have only the beginning.</summary>
    private bool TryComplete(ReadOnlySpan<byte> frame, uint length, Span<byte> room)
    {
        if ((uint)frame.Length < length)
        {
            bool isComplete = length <= int.MaxValue && _longFrames?.TryTake(frame, (int)length, room) == true;
            return isComplete && length <= (uint)Math.Min(room.Length, _info.MaxReceiveFrame);
        }

        if (length > (uint)room.Length)
            return false;

        frame.CopyTo(room);
        return true;
    }

    private void CountCutOff(uint length)
    {
        Interlocked.Increment(ref _receiveDropped);
        if (length > (uint)_info.MaxReceiveFrame)
            Interlocked.Increment(ref _receiveTooLong);
    }

    /// <summary>Sends or drops a frame; false if there is no room and it has to wait.</summary>
    private bool TrySend(in TxFrame frame)
    {
        FrameOffload offload = frame.Offload;
        if (frame.Length > RxBatch.UsualFrameBytes || offload.IsChecksumPartial
            || offload.Segmentation != SegmentationOffload.None)
            return Drop();

        int length = frame.CopyTo(_frameMemory);
        var bytes = (byte*)Unsafe.AsPointer(ref _frameMemory[0]);
        while (PcapNative.Inject(_handle, bytes, (nuint)length) < 0)
        {
            int error = OperatingSystem.IsWindows() ? 0 : Marshal.GetLastPInvokeError();
            if (error == LibcNative.TryAgain)
                return false;
            if (error == LibcNative.Interrupted)
                continue;
            if (error is LibcNative.NoSuchDeviceOrAddress or LibcNative.NoSuchDevice)
                ThrowIfGone();
            if (error == LibcNative.MessageTooLong)
                LearnMtu();
            return Drop(); // carrier lost, queue full, too long: gone, as on a wire
        }

        return true;
    }

    private bool Drop()
    {
        Interlocked.Increment(ref _transmitDropped);
        return true;
    }

    private void LearnMtu()
    {
        int mtu = _socket >= 0 ? LinuxInterface.Mtu(_socket, _device) : 0;
        if (mtu > 0 && mtu != _info.Mtu)
            _info = _info with { Mtu = mtu };
    }

    // An interface that was switched off is still there: the library reports it once, and goes on when it is back.
    private void ThrowIfGone()
    {
        if (_socket >= 0 && LinuxInterface.Index(_socket, _device) == _facts.Index)
            return;

        throw new LinkDownException($"The interface '{_device}' is gone: {_pulled.LastError}.");
    }

    // The library's counters are 32 bits wide and wrap.
    private void CountKernelDrops()
    {
        uint* counters = stackalloc uint[StatisticsBytes / sizeof(uint)];
        if (_isDisposed || PcapNative.GetStatistics(_handle, counters) != 0)
            return;

        _kernelDropped += counters[1] - _lastDropped;
        _kernelDropped += counters[2] - _lastInterfaceDropped;
        _lastDropped = counters[1];
        _lastInterfaceDropped = counters[2];
    }
}
