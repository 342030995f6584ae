using System.Net.NetworkInformation;
using PacketDotNet;
using SharpPcap;
using SharpPcap.LibPcap;

namespace UserTcp.Links;

/// <summary>
/// A SharpPcap device as a link. SharpPcap pushes frames from a thread of its own; they are copied into a ring, from
/// which the stack's loop takes them.
/// </summary>
internal sealed class SharpPcapDevice : LinkDevice
{
    private const int RingFrames = 2048;
    private const int UsualMtu = 1500;

    private readonly ILiveDevice _device;
    private readonly bool _leaveOpen;
    private readonly bool _isStarted;
    private readonly string? _filter;
    private readonly byte[] _scratch = new byte[RxBatch.MaxFrameBytes];
    private readonly byte[]?[] _frames = new byte[RingFrames][];
    private readonly int[] _lengths = new int[RingFrames];
    private readonly object _gate = new();
    private long _received; // this and all below is guarded by the gate
    private long _taken;
    private long _receiveDropped;
    private long _transmitDropped;
    private bool _isWoken;
    private bool _isDown;
    private bool _isClosed;

    public SharpPcapDevice(ILiveDevice device, int snapLength, string? filter, bool leaveOpen)
    {
        _device = device;
        _filter = filter;
        _leaveOpen = leaveOpen;
        Info = Describe(device, snapLength);
        device.OnPacketArrival += OnPacketArrival;
        device.OnCaptureStopped += OnCaptureStopped;
        if (device.Started)
            return;

        try
        {
            device.StartCapture();
            _isStarted = true;
        }
        catch (Exception e) when (e is PcapException or InvalidOperationException)
        {
            Unsubscribe();
            throw new IOException($"'{device.Name}' cannot capture: {e.Message}", e);
        }
    }

    public override LinkInfo Info { get; }

    public override LinkStatistics Statistics
    {
        get
        {
            lock (_gate)
                return new LinkStatistics { ReceiveDropped = _receiveDropped, TransmitDropped = _transmitDropped };
        }
    }

    // A hint: devices that have no such filters, or another language for them, deliver everything.
    public override void SetReceiveAddress(MacAddress address)
    {
        if (_device is not LibPcapLiveDevice || (_filter is null && Info.Medium != LinkMedium.Ethernet))
            return;

        _device.Filter = _filter
            ?? $"(ether dst {address} or ether broadcast or ether multicast) and not ether src {address}";
    }

    public override int Receive(RxBatch batch)
    {
        ArgumentNullException.ThrowIfNull(batch);
        lock (_gate)
        {
            int count = 0;
            while (_taken < _received && !batch.IsFull)
            {
                int slot = (int)(_taken++ % RingFrames);
                batch.Add(_frames[slot].AsSpan(0, _lengths[slot]));
                count++;
            }

            if (count == 0)
                ThrowIfDown();
            return count;
        }
    }

    public override int Transmit(ReadOnlySpan<TxFrame> frames)
    {
        foreach (ref readonly TxFrame frame in frames)
        {
            int length = frame.CopyTo(_scratch);
            try
            {
                _device.SendPacket(_scratch.AsSpan(0, length));
            }
            catch (PcapException)
            {
                // Full, too long, or gone: pcap does not say which. TCP sends again what was lost; what is gone for
                // good ends the capture as well.
                lock (_gate)
                {
                    _transmitDropped++;
                    ThrowIfDown();
                }
            }
        }

        return frames.Length;
    }

    public override bool Wait(long timeoutNanoseconds)
    {
        const long NanosecondsPerMillisecond = 1_000_000;
        int timeout = timeoutNanoseconds < 0 ? Timeout.Infinite : (int)Math.Min(
            int.MaxValue, (timeoutNanoseconds + NanosecondsPerMillisecond - 1) / NanosecondsPerMillisecond);
        lock (_gate)
        {
            if (!IsReady && timeout != 0)
                Monitor.Wait(_gate, timeout);
            bool isReady = IsReady;
            _isWoken = false;
            return isReady;
        }
    }

    public override void Wake()
    {
        lock (_gate)
        {
            _isWoken = true;
            Monitor.Pulse(_gate);
        }
    }

    public override void Dispose()
    {
        lock (_gate)
        {
            if (_isClosed)
                return;
            _isClosed = true;
        }

        Unsubscribe();
        // Outside the gate: stopping waits for the thread that may be about to deliver a frame.
        if (_isStarted)
            _device.StopCapture();
        if (!_leaveOpen)
            _device.Dispose();
    }

    private bool IsReady => _isWoken || _isDown || _taken < _received;

    private static LinkInfo Describe(ILiveDevice device, int snapLength) => new()
    {
        Name = $"sharppcap:{device.Name}",
        Mtu = MtuOf(device),
        MacAddress = device.MacAddress?.GetAddressBytes() is { Length: MacAddress.Size } mac
            ? new MacAddress(mac)
            : null,
        Medium = device.LinkType switch
        {
            LinkLayers.Ethernet => LinkMedium.Ethernet,
            LinkLayers.Raw or LinkLayers.RawLegacy or LinkLayers.IPv4 => LinkMedium.Ip,
            _ => throw new NotSupportedException(
                $"'{device.Name}' carries {device.LinkType}; a link needs Ethernet or bare IP."),
        },
        Features = LinkFeatures.ReceiveMayLackChecksum | LinkFeatures.ReceiveCoalesces,
        MaxReceiveFrame = snapLength,
    };

    private static int MtuOf(ILiveDevice device)
    {
        NetworkInterface? own = NetworkInterface.GetAllNetworkInterfaces().FirstOrDefault(
            one => one.Name == device.Name || device.Name.Contains(one.Id, StringComparison.OrdinalIgnoreCase));
        return own?.Supports(NetworkInterfaceComponent.IPv4) == true
            && own.GetIPProperties().GetIPv4Properties().Mtu is > 0 and int mtu ? mtu : UsualMtu;
    }

    private void OnPacketArrival(object sender, PacketCapture capture)
    {
        ReadOnlySpan<byte> frame = capture.Data;
        bool isCut = capture.Header is PcapHeader header && header.PacketLength > frame.Length;
        lock (_gate)
        {
            if (isCut || frame.Length > RxBatch.MaxFrameBytes || _received - _taken == RingFrames)
            {
                _receiveDropped++;
                return;
            }

            int slot = (int)(_received++ % RingFrames);
            if (_frames[slot] is not { } kept || kept.Length < frame.Length)
                _frames[slot] = kept = new byte[Math.Max(frame.Length, 2048)];
            frame.CopyTo(kept);
            _lengths[slot] = frame.Length;
            Monitor.Pulse(_gate);
        }
    }

    private void OnCaptureStopped(object sender, CaptureStoppedEventStatus status)
    {
        lock (_gate)
        {
            _isDown = true;
            Monitor.Pulse(_gate);
        }
    }

    private void ThrowIfDown()
    {
        if (_isDown)
            throw new LinkDownException($"{Info.Name} no longer captures: {_device.LastError}");
    }

    private void Unsubscribe()
    {
        _device.OnPacketArrival -= OnPacketArrival;
        _device.OnCaptureStopped -= OnCaptureStopped;
    }
}
