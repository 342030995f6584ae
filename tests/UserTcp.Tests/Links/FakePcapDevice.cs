using System.Net.NetworkInformation;
using PacketDotNet;
using SharpPcap;

namespace UserTcp.Tests.Links;

/// <summary>One end of a cable: what it sends arrives at the other end at once, on the thread that sent it.</summary>
internal sealed class FakePcapDevice(string name, byte lastOctet) : ILiveDevice
{
    public event PacketArrivalEventHandler? OnPacketArrival;

    public event CaptureStoppedEventHandler? OnCaptureStopped;

    public FakePcapDevice? Peer { get; set; }

    /// <summary>Thrown by the next frames that are sent.</summary>
    public PcapException? Failure { get; set; }

    /// <summary>Whether starting the capture throws <see cref="Failure"/>.</summary>
    public bool CannotCapture { get; init; }

    public bool HasListeners => OnPacketArrival is not null || OnCaptureStopped is not null;

    public bool IsDisposed { get; private set; }

    public bool Started { get; private set; }

    public TimeSpan StopCaptureTimeout { get; set; }

    public ICaptureStatistics Statistics => throw new NotSupportedException();

    public TimestampResolution TimestampResolution => TimestampResolution.Microsecond;

    public string Name => name;

    public string Description => name;

    public string LastError => "the cable was cut";

    public string? Filter { get; set; }

    public PhysicalAddress MacAddress => new([2, 0, 0, 0, 0, lastOctet]);

    public LinkLayers LinkType { get; init; } = LinkLayers.Ethernet;

    public static (FakePcapDevice Left, FakePcapDevice Right) Cable()
    {
        var left = new FakePcapDevice("left", 1);
        var right = new FakePcapDevice("right", 2) { Peer = left };
        left.Peer = right;
        return (left, right);
    }

    public void Open(DeviceConfiguration configuration)
    {
    }

    public void StartCapture() => Started = CannotCapture ? throw Failure! : true;

    public void StopCapture() => Started = false;

    public void Capture() => throw new NotSupportedException();

    public GetPacketStatus GetNextPacket(out PacketCapture e) => throw new NotSupportedException();

    public void SendPacket(ReadOnlySpan<byte> p, ICaptureHeader? header = null)
    {
        if (Failure is not null)
            throw Failure;
        Peer?.Deliver(p);
    }

    public void Deliver(ReadOnlySpan<byte> frame) =>
        OnPacketArrival?.Invoke(this, new PacketCapture(this, null!, frame));

    public void Cut()
    {
        Started = false;
        OnCaptureStopped?.Invoke(this, CaptureStoppedEventStatus.ErrorWhileCapturing);
    }

    public void Close()
    {
    }

    public void Dispose() => IsDisposed = true;
}
