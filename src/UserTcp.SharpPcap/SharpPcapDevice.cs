using System.Buffers;
using System.Threading.Channels;
using PacketDotNet;
using SharpPcap;
using SharpPcap.LibPcap;

namespace UserTcp.Links;

/// <summary>A SharpPcap device as a link: what it pushes, from a thread of its own, waits here for the loop.</summary>
internal sealed class SharpPcapDevice(ILiveDevice device, int snapLength, string? filter, bool leaveOpen) : LinkDevice
{
    private const int MaxWaitingFrames = 2048;
    private const int UsualMtu = 1500;
    private const int MaxSentFrame = 65_550;

    private readonly bool _mustStart = !device.Started;
    private readonly byte[] _scratch = new byte[MaxSentFrame];
    private readonly Channel<ArraySegment<byte>> _frames = Channel.CreateBounded<ArraySegment<byte>>(MaxWaitingFrames);
    private readonly ManualResetEventSlim _bell = new();
    private long _receiveDropped;
    private long _receiveTooLong;
    private long _transmitDropped;
    private int _isClosed;

    public override LinkInfo Info { get; } = Describe(device, snapLength);

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
        if (_mustStart)
            device.StartCapture();
        return this;
    }

    // A hint: devices that have no such filters, or another language for them, deliver everything.
    public override void SetReceiveAddress(MacAddress address)
    {
        string own = $"(ether dst {address} or ether broadcast or ether multicast) and not ether src {address}";
        if (device is LibPcapLiveDevice && (filter is not null || Info.Medium == LinkMedium.Ethernet))
            device.Filter = filter ?? own;
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
            try
            {
                device.SendPacket(_scratch.AsSpan(0, frame.CopyTo(_scratch)));
            }
            catch (PcapException e)
            {
                // Full, too long, or gone: pcap does not say which. What is gone for good ends the capture as well.
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
        _bell.Reset(); // whoever rings from here on is met by the turn that follows
        return isRung || _frames.Reader.TryPeek(out _) || IsDown;
    }

    public override void Wake() => _bell.Set();

    public override void Dispose()
    {
        if (Interlocked.Exchange(ref _isClosed, 1) != 0)
            return;
        device.OnPacketArrival -= OnPacketArrival;
        device.OnCaptureStopped -= OnCaptureStopped;
        if (_mustStart)
            device.StopCapture();
        if (!leaveOpen)
            device.Dispose();
    }

    private static LinkInfo Describe(ILiveDevice device, int snapLength) => new()
    {
        Name = $"sharppcap:{device.Name}", MaxReceiveFrame = snapLength,
        Mtu = LinkInterface.Find(device.Name)?.Mtu ?? UsualMtu,
        MacAddress = device.MacAddress?.GetAddressBytes() is { Length: MacAddress.Size } mac ? new(mac) : null,
        Medium = device.LinkType switch
        {
            LinkLayers.Ethernet => LinkMedium.Ethernet,
            LinkLayers.Raw or LinkLayers.RawLegacy or LinkLayers.IPv4 => LinkMedium.Ip,
            var other => throw new NotSupportedException($"'{device.Name}' carries {other}, not Ethernet or bare IP."),
        },
        // In doubt both: the stack takes an unfinished checksum only in flows whose sender finishes none.
        Features = LinkFeatures.ReceiveCoalesces
            | (LinkInterface.Find(device.Name) is { HasLocalSenders: false } ? 0 : LinkFeatures.ReceiveMayLackChecksum),
    };

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
