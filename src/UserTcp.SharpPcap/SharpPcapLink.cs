using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using SharpPcap;
using SharpPcap.LibPcap;

namespace UserTcp.Links;

/// <summary>Makes links of SharpPcap's devices. Links are the caller's, or their stack's, to dispose of.</summary>
public static partial class SharpPcapLink
{
    /// <summary>Opens a device of libpcap or Npcap.</summary>
    /// <param name="name">Its name (<c>eth0</c>), on Windows also its description or that of its adapter.</param>
    /// <param name="options">Validated and copied; null for the defaults.</param>
    /// <exception cref="UnauthorizedAccessException">It may not be opened; the message says what helps.</exception>
    /// <exception cref="IOException">There is no such device, or it cannot be opened.</exception>
    /// <exception cref="NotSupportedException">It carries neither Ethernet nor bare IP.</exception>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of its range.</exception>
    public static LinkDevice Open(string name, SharpPcapLinkOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        options ??= new SharpPcapLinkOptions();
        LibPcapLiveDevice device = LibPcapLiveDeviceList.New()
            .FirstOrDefault(one => one.Name == name || one.Description == name || one.Interface?.FriendlyName == name)
            ?? throw new LinkNotFoundException($"SharpPcap has no device named '{name}'.");
        if (device.Loopback && LinkDevice.CheckAccess($"pcap:{device.Name}") is { IsGranted: false } refused)
        {
            device.Dispose();
            throw new NotSupportedException(refused.ToString());
        }

        try
        {
            device.Open(Configuration(options, name));
            return new SharpPcapDevice(device, options.SnapLength, options.Filter, leaveOpen: false).Start();
        }
        catch (Exception e)
        {
            device.Dispose();
            if (e is not PcapException)
                throw;
            LinkAccess access = LinkDevice.CheckAccess($"pcap:{name}"); // knows the reasons, and the commands that help
            string message = access.IsGranted ? $"'{name}' cannot be opened: {e.Message}" : access.ToString();
            throw access.Problem == LinkProblem.MissingPermission
                ? new UnauthorizedAccessException(message, e) : new IOException(message, e);
        }
    }

    /// <summary>Makes a link of a device that is open, of any of SharpPcap's kinds.</summary>
    /// <param name="device">Opened with <c>Immediate = true</c>, or the system holds frames back.</param>
    /// <param name="leaveOpen">Whether the device is left open when the link is disposed of.</param>
    /// <exception cref="NotSupportedException">It carries neither Ethernet nor bare IP.</exception>
    /// <exception cref="PcapException">It cannot capture, for instance because it is not open.</exception>
    public static LinkDevice Wrap(ILiveDevice device, bool leaveOpen = false)
    {
        ArgumentNullException.ThrowIfNull(device);
        return new SharpPcapDevice(device, RxBatch.MaxFrameBytes, filter: null, leaveOpen).Start();
    }

    /// <summary>Makes <c>sharppcap:eth0</c> a name that <see cref="LinkDevice.Open"/> knows. Idempotent.</summary>
    public static void Register() => LinkNames.Register("sharppcap", name => Open(name),
        name => LinkDevice.CheckAccess($"pcap:{name}") with { Name = $"sharppcap:{name}" });

    private static DeviceConfiguration Configuration(SharpPcapLinkOptions options, string name)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.SnapLength, 256);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.SnapLength, RxBatch.MaxFrameBytes);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.BufferBytes, 64 << 10);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.BufferBytes, 1 << 30);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.ReadTimeout, TimeSpan.FromMilliseconds(1));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.ReadTimeout, TimeSpan.FromSeconds(1));
        ILogger logger = (options.LoggerFactory ?? NullLoggerFactory.Instance).CreateLogger("UserTcp.Link");
        var configuration = new DeviceConfiguration
        {
            Mode = options.Promiscuous ? DeviceModes.Promiscuous : DeviceModes.None, Immediate = true,
            Snaplen = options.SnapLength, BufferSize = options.BufferBytes,
            ReadTimeout = (int)options.ReadTimeout.TotalMilliseconds,
        };
        // Without a subscriber a setting that the system does not have would fail the whole.
        configuration.ConfigurationFailed += (_, failed) =>
            NotConfigured(logger, name, failed.Property, failed.Message ?? failed.Error.ToString());
        return configuration;
    }

    [LoggerMessage(1006, LogLevel.Warning, "sharppcap:{Device} was opened without {Setting}: {Reason}",
        EventName = "LinkSettingFailed")]
    private static partial void NotConfigured(ILogger logger, string device, string setting, string reason);
}

/// <summary>How <see cref="SharpPcapLink.Open"/> opens a device. Validated when the device is opened.</summary>
public sealed class SharpPcapLinkOptions
{
    /// <summary>Whether frames to addresses that are not the card's own arrive too. Default: true.</summary>
    public bool Promiscuous { get; set; } = true;

    /// <summary>The most bytes captured of a frame, 256 to 524,302; longer ones are dropped. Default: 2,048.</summary>
    public int SnapLength { get; set; } = 2048;

    /// <summary>The system's buffer, in bytes, from 64 KiB to 1 GiB. Default: 16 MiB.</summary>
    public int BufferBytes { get; set; } = 16 << 20;

    /// <summary>How long frames may be gathered without immediate mode, from 1 to 1,000 ms. Default: 10 ms.</summary>
    public TimeSpan ReadTimeout { get; set; } = TimeSpan.FromMilliseconds(10);

    /// <summary>What to capture, as in pcap-filter(7); null for what concerns the stack.</summary>
    public string? Filter { get; set; }

    /// <summary>Where it is said that a setting could not be made; null for nowhere.</summary>
    public ILoggerFactory? LoggerFactory { get; set; }
}
