using System.Buffers;
using System.Threading.Channels;
using SharpPcap;
using SharpPcap.LibPcap;

namespace UserTcp.Links;

/// <summary>
/// A SharpPcap device of any kind as a link: its frames come as events, on a thread of its own, and wait here for the
/// loop.
/// </summary>
internal sealed class PushedPcapDevice : LinkDevice
{
    private const int MaxWaitingFrames = 2048;
    private const int UsualMtu = 1500;

    private readonly ILiveDevice _device;
    private readonly bool _leaveOpen;
    private readonly bool _mustStart;
    private readonly byte[] _scratch = new byte[RxBatch.UsualFrameBytes];
    private readonly Channel<ArraySegment<byte>> _frames = Channel.CreateBounded<ArraySegment<byte>>(MaxWaitingFrames);
    private readonly LinkSignal _signal;
    private long _receiveDropped;
    private long _receiveTooLong;
    private long _transmitDropped;
    private int _isClosed;

    public PushedPcapDevice(ILiveDevice device, bool leaveOpen)
    {
        _device = device;
        _leaveOpen = leaveOpen;
        _mustStart = !device.Started;
        _signal = new LinkSignal(() => _frames.Reader.TryPeek(out _) || IsDown);
        Info = Describe(device);
    }

    public override LinkInfo Info { get; }

    public override LinkStatistics Statistics => new()
    {
        ReceiveDropped = Volatile.Read(ref _receiveDropped), ReceiveTooLong = Volatile.Read(ref _receiveTooLong),
        TransmitDropped = Volatile.Read(ref _transmitDropped),
    };

    private bool IsDown => _frames.Reader.Completion.IsCompleted;

    public LinkDevice Start()
    {
        _device.OnPacketArrival += OnPacketArrival;
        _device.OnCaptureStopped += OnCaptureStopped;
        if (!_mustStart)
            return this;
        try
        {
            _device.StartCapture();
        }
        catch
        {
            Unsubscribe();
            throw;
        }

        return this;
    }

    // Other kinds have no such filters, or another language for them. A filter of the device's owner stays.
    public override void SetReceiveAddress(MacAddress address)
    {
        if (_device is not LibPcapLiveDevice { Filter: null or "" } || Info.Medium != LinkMedium.Ethernet)
            return;
        try
        {
            _device.Filter =
                $"(ether dst {address} or ether broadcast or ether multicast) and not ether src {address}";
        }
        catch (PcapException e)
        {
            throw new IOException($"{Info.Name} takes no filter: {e.Message}", e);
        }
    }

    public override int Receive(RxBatch batch)
    {
        ArgumentNullException.ThrowIfNull(batch);
        int count = 0;
        for (; !batch.IsFull && _frames.Reader.TryRead(out ArraySegment<byte> frame); count++)
        {
            batch.Add(frame);
            ArrayPool<byte>.Shared.Return(frame.Array!);
        }

        return count > 0 || !IsDown ? count : throw Down();
    }

    public override int Transmit(ReadOnlySpan<TxFrame> frames)
    {
        foreach (ref readonly TxFrame frame in frames)
        {
            if (frame.Length > _scratch.Length || frame.Offload.IsChecksumPartial
                || frame.Offload.Segmentation != SegmentationOffload.None)
            {
                Interlocked.Increment(ref _transmitDropped);
                continue;
            }

            try
            {
                _device.SendPacket(_scratch.AsSpan(0, frame.CopyTo(_scratch)));
            }
            catch (PcapException e)
            {
                // Full, too long, or gone: pcap does not say which. If the device is gone for good, its capture ends.
                Interlocked.Increment(ref _transmitDropped);
                if (IsDown)
                    throw Down(e);
            }
        }

        return frames.Length;
    }

    public override bool Wait(TimeSpan timeout) => _signal.Wait(timeout);

    public override void Wake() => _signal.Wake();

    public override void Dispose()
    {
        if (Interlocked.Exchange(ref _isClosed, 1) != 0)
            return;
        Unsubscribe();
        if (_mustStart)
            _device.StopCapture();
        if (!_leaveOpen)
            _device.Dispose();
    }

    private static LinkInfo Describe(ILiveDevice device) => new()
    {
        Name = PcapLink.Scheme + device.Name,
        MaxReceiveFrame = RxBatch.MaxFrameBytes,
        Mtu = LinkInterface.Find(device.Name)?.Mtu ?? UsualMtu,
        MacAddress = device.MacAddress?.GetAddressBytes() is { Length: MacAddress.Size } mac ? new(mac) : null,
        Medium = PcapLink.MediumOf(device) ?? throw PcapLink.NotCarried(device.Name, device).ToException(),
        // In doubt both: the stack takes an unfinished checksum only in flows whose sender finishes none.
        Features = LinkFeatures.ReceiveCoalesces
            | (LinkInterface.Find(device.Name) is { HasLocalSenders: false } ? 0 : LinkFeatures.ReceiveMayLackChecksum),
    };

    private void Unsubscribe()
    {
        _device.OnPacketArrival -= OnPacketArrival;
        _device.OnCaptureStopped -= OnCaptureStopped;
    }

    private void OnPacketArrival(object sender, PacketCapture capture)
    {
        ReadOnlySpan<byte> bytes = capture.Data;
        bool isCut = capture.Header is PcapHeader header && header.PacketLength > bytes.Length;
        byte[] copy = ArrayPool<byte>.Shared.Rent(bytes.Length);
        bytes.CopyTo(copy);
        if (isCut || bytes.Length > RxBatch.MaxFrameBytes || !_frames.Writer.TryWrite(new(copy, 0, bytes.Length)))
        {
            ArrayPool<byte>.Shared.Return(copy);
            Interlocked.Increment(ref _receiveDropped);
            if (isCut)
                Interlocked.Increment(ref _receiveTooLong);
        }

        _signal.Notify();
    }

    private void OnCaptureStopped(object sender, CaptureStoppedEventStatus status)
    {
        _frames.Writer.TryComplete();
        _signal.Notify();
    }

    private LinkDownException Down(Exception? cause = null) =>
        new($"{Info.Name} no longer captures: {_device.LastError}", cause);
}
