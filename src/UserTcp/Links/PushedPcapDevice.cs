using System.Buffers;
using System.Threading.Channels;
using SharpPcap;
using SharpPcap.LibPcap;

namespace UserTcp.Links;

/// <summary>
/// A SharpPcap device of any kind as a link: its frames come as events, on a thread of its own, and wait here for the
/// loop.
/// </summary>
internal sealed class PushedPcapDevice(ILiveDevice device, bool leaveOpen) : LinkDevice
{
    private const int MaxWaitingFrames = 2048;
    private const int UsualMtu = 1500;

    private readonly bool _mustStart = !device.Started;
    private readonly byte[] _scratch = new byte[RxBatch.UsualFrameBytes];
    private readonly Channel<ArraySegment<byte>> _frames = Channel.CreateBounded<ArraySegment<byte>>(MaxWaitingFrames);
    private readonly ManualResetEventSlim _bell = new();
    private long _receiveDropped;
    private long _receiveTooLong;
    private long _transmitDropped;
    private int _isClosed;

    public override LinkInfo Info { get; } = Describe(device);

    public override LinkStatistics Statistics => new()
    {
        ReceiveDropped = Volatile.Read(ref _receiveDropped), ReceiveTooLong = Volatile.Read(ref _receiveTooLong),
        TransmitDropped = Volatile.Read(ref _transmitDropped),
    };

    private bool IsDown => _frames.Reader.Completion.IsCompleted;

    public LinkDevice Start()
    {
        device.OnPacketArrival += OnPacketArrival;
        device.OnCaptureStopped += OnCaptureStopped;
        if (!_mustStart)
            return this;
        try
        {
            device.StartCapture();
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
        if (device is not LibPcapLiveDevice { Filter: null or "" } || Info.Medium != LinkMedium.Ethernet)
            return;
        try
        {
            device.Filter =
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
                || frame.Offload.GsoType != FrameOffload.GsoNone)
            {
                Interlocked.Increment(ref _transmitDropped);
                continue;
            }

            try
            {
                device.SendPacket(_scratch.AsSpan(0, frame.CopyTo(_scratch)));
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

    public override bool Wait(long timeoutNanoseconds)
    {
        int milliseconds = (int)Math.Min(int.MaxValue, Math.Ceiling(Math.Max(timeoutNanoseconds, -1e6) / 1e6));
        bool isRung = _bell.Wait(_frames.Reader.TryPeek(out _) || IsDown ? 0 : milliseconds);
        _bell.Reset(); // the turn that follows looks for whatever rings from here on
        return isRung || _frames.Reader.TryPeek(out _) || IsDown;
    }

    public override void Wake() => _bell.Set();

    public override void Dispose()
    {
        if (Interlocked.Exchange(ref _isClosed, 1) != 0)
            return;
        Unsubscribe();
        if (_mustStart)
            device.StopCapture();
        if (!leaveOpen)
            device.Dispose();
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
        device.OnPacketArrival -= OnPacketArrival;
        device.OnCaptureStopped -= OnCaptureStopped;
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

        _bell.Set();
    }

    private void OnCaptureStopped(object sender, CaptureStoppedEventStatus status)
    {
        _frames.Writer.TryComplete();
        _bell.Set();
    }

    private LinkDownException Down(Exception? cause = null) =>
        new($"{Info.Name} no longer captures: {device.LastError}", cause);
}
