using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using SharpPcap;
using SharpPcap.LibPcap;

namespace UserTcp.Links;

/// <summary>Makes links of SharpPcap's devices.</summary>
public static partial class SharpPcapLink
{
    private const string Scheme = "sharppcap";

    /// <summary>Opens a device of libpcap or Npcap.</summary>
    /// <param name="name">Its name (<c>eth0</c>), on Windows also its description or that of its adapter.</param>
    /// <param name="options">Validated and copied; null for the defaults.</param>
    /// <returns>A link, which the caller, or the stack that is given it, has to dispose of.</returns>
    /// <exception cref="LinkNotFoundException">There is no such device.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be opened; the message says what helps.</exception>
    /// <exception cref="IOException">It cannot be opened.</exception>
    /// <exception cref="NotSupportedException">It carries neither Ethernet nor bare IP.</exception>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of its range.</exception>
    public static LinkDevice Open(string name, SharpPcapLinkOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        options ??= new SharpPcapLinkOptions();
        options.Check();
        LibPcapLiveDevice device = LibPcapLiveDeviceList.New().FirstOrDefault(one => IsNamed(one, name))
            ?? throw new LinkNotFoundException($"SharpPcap has no device named '{name}'.");
        try
        {
            device.Open(Configuration(options, name));
            return new SharpPcapDevice(device, options.SnapLength, options.Filter, leaveOpen: false);
        }
        catch (Exception e)
        {
            device.Dispose();
            if (e is PcapException)
                throw Refusal(name, e);
            throw;
        }
    }

    /// <summary>Makes a link of a device that is open, of any of SharpPcap's kinds.</summary>
    /// <param name="device">
    /// The device. Open it with <c>Immediate = true</c> and a <c>Snaplen</c> little above the MTU: the defaults hold
    /// frames back for a second.
    /// </param>
    /// <param name="leaveOpen">Whether the device is left open when the link is disposed of.</param>
    /// <returns>A link, which the caller, or the stack that is given it, has to dispose of.</returns>
    /// <exception cref="NotSupportedException">It carries neither Ethernet nor bare IP.</exception>
    /// <exception cref="IOException">It cannot capture.</exception>
    public static LinkDevice Wrap(ILiveDevice device, bool leaveOpen = false)
    {
        ArgumentNullException.ThrowIfNull(device);
        return new SharpPcapDevice(device, RxBatch.MaxFrameBytes, filter: null, leaveOpen);
    }

    /// <summary>Makes <c>sharppcap:eth0</c> a name that <see cref="LinkDevice.Open"/> knows. Idempotent.</summary>
    public static void Register() => LinkNames.Register(
        Scheme, name => Open(name),
        name => LinkDevice.CheckAccess($"pcap:{name}") with { Name = $"{Scheme}:{name}" });

    private static bool IsNamed(LibPcapLiveDevice device, string name) =>
        device.Name == name || device.Description == name || device.Interface?.FriendlyName == name;

    private static DeviceConfiguration Configuration(SharpPcapLinkOptions options, string name)
    {
        ILogger logger = (options.LoggerFactory ?? NullLoggerFactory.Instance).CreateLogger("UserTcp.Link");
        var configuration = new DeviceConfiguration
        {
            Mode = options.Promiscuous ? DeviceModes.Promiscuous : DeviceModes.None,
            Immediate = true,
            Snaplen = options.SnapLength,
            BufferSize = options.BufferBytes,
            ReadTimeout = (int)options.ReadTimeout.TotalMilliseconds,
        };
        // Without a subscriber a setting that the system does not have would fail the whole.
        configuration.ConfigurationFailed += (_, failed) =>
            NotConfigured(logger, name, failed.Property, failed.Message ?? failed.Error.ToString());
        return configuration;
    }

    // Our own pcap link knows the system's reasons, and the commands that help.
    private static Exception Refusal(string name, Exception cause)
    {
        LinkAccess access = LinkDevice.CheckAccess($"pcap:{name}");
        string message = access.IsGranted ? $"'{name}' cannot be opened: {cause.Message}" : access.ToString();
        return access.Problem == LinkProblem.MissingPermission
            ? new UnauthorizedAccessException(message, cause)
            : new IOException(message, cause);
    }

    [LoggerMessage(1006, LogLevel.Warning,
        "sharppcap:{Device} was opened without {Setting}: {Reason}", EventName = "LinkSettingFailed")]
    private static partial void NotConfigured(ILogger logger, string device, string setting, string reason);
}
