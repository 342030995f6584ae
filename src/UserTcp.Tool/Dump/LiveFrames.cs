using SharpPcap;
using SharpPcap.LibPcap;
using UserTcp.Links;
using UserTcp.Tool.Trace;

namespace UserTcp.Tool.Dump;

/// <summary>The frames of a device, by SharpPcap. The stack is not involved, and nothing is sent.</summary>
internal sealed class LiveFrames : IDisposable
{
    private const int SnapLength = 262_144; // the longest frame that Wireshark reads
    private const int ReadTimeoutMs = 100;
    private const long NanosecondsPerSecond = 1_000_000_000;

    private readonly LibPcapLiveDevice _device;

    private LiveFrames(LibPcapLiveDevice device) => _device = device;

    /// <summary>The first header of its frames.</summary>
    public LinkType Link => (LinkType)(int)_device.LinkType;

    /// <summary>What the system counted: frames that passed the filter, and those it had no room for.</summary>
    public (long Received, long Dropped) Counters =>
        _device.Statistics is { } counted ? (counted.ReceivedPackets, counted.DroppedPackets) : (0, 0);

    /// <summary>Opens a device.</summary>
    /// <param name="name">Its name, <c>eth0</c> or <c>pcap:eth0</c>.</param>
    /// <param name="filter">What the system lets through.</param>
    /// <exception cref="ToolException">It cannot be opened; the message says what helps.</exception>
    public static LiveFrames Open(string name, FrameFilter filter)
    {
        string device = name.StartsWith("pcap:", StringComparison.Ordinal) ? name["pcap:".Length..] : name;
        try
        {
            LibPcapLiveDevice found = LibPcapLiveDeviceList.New().FirstOrDefault(one =>
                one.Name == device || one.Description == device || one.Interface?.FriendlyName == device)
                ?? throw new ToolException(
                    Failure.Link, $"There is no device '{device}' that can be captured: see 'usertcp devices'.");
            var frames = new LiveFrames(found);
            frames.Start(filter);
            return frames;
        }
        catch (PcapException error)
        {
            LinkAccess access = LinkDevice.CheckAccess($"pcap:{device}"); // knows the commands that help
            throw new ToolException(
                Failure.Link,
                access.Problem == LinkProblem.MissingPermission && !access.IsGranted
                    ? access.ToString() : $"'{device}' cannot be captured: {error.Message}", error);
        }
        catch (DllNotFoundException error)
        {
            throw new ToolException(Failure.Link, LibraryMissing("Capturing"), error);
        }
    }

    /// <summary>The words for a system without libpcap.</summary>
    public static string LibraryMissing(string what) => OperatingSystem.IsWindows()
        ? $"{what} needs Npcap: install it from npcap.com."
        : $"{what} needs libpcap, which is not installed: on Debian 'apt-get install libpcap0.8'.";

    /// <summary>The frames, as they come; ends with the token.</summary>
    /// <exception cref="ToolException">The device is gone.</exception>
    public IEnumerable<CapturedFrame> Read(CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            if (Next() is { } frame)
                yield return frame;
        }
    }

    public void Dispose() => _device.Dispose();

    private void Start(FrameFilter filter)
    {
        try
        {
            _device.Open(new DeviceConfiguration
            {
                Mode = DeviceModes.Promiscuous, Immediate = true, Snaplen = SnapLength, ReadTimeout = ReadTimeoutMs,
            });
            filter.Check(Link);
            if (filter.Expression.Length > 0)
                _device.Filter = filter.Expression;
        }
        catch
        {
            _device.Dispose();
            throw;
        }
    }

    private CapturedFrame? Next()
    {
        GetPacketStatus status = _device.GetNextPacket(out PacketCapture capture);
        if (status == GetPacketStatus.ReadTimeout)
            return null;
        if (status != GetPacketStatus.PacketRead)
            throw new ToolException(Failure.Link, $"'{_device.Name}' can no longer be captured: {_device.LastError}");

        PosixTimeval time = capture.Header.Timeval;
        byte[] bytes = capture.Data.ToArray();
        return new CapturedFrame(
            (long)time.Seconds * NanosecondsPerSecond + (long)time.MicroSeconds * 1000, Link, bytes)
        {
            WireLength = capture.Header is PcapHeader header ? (int)header.PacketLength : bytes.Length,
        };
    }
}
