using System.Net.NetworkInformation;
using SharpPcap;
using SharpPcap.LibPcap;
using UserTcp.Links.Native;

namespace UserTcp.Links;

/// <summary>
/// A device of SharpPcap's whose frames are pulled: non-blocking and in immediate mode. SharpPcap's events would cost
/// half as much CPU again, and 64 bytes of garbage for each frame.
/// </summary>
internal sealed class PulledPcapDevice : LibPcapLiveDevice
{
    private PulledPcapDevice(PcapInterface found)
        : base(found)
    {
    }

    /// <summary>What the library warned of when the device was opened; null if nothing.</summary>
    public string? Warning { get; private set; }

    /// <summary>The descriptor that is readable while there are frames (Linux, macOS).</summary>
    public int Descriptor => FileDescriptor >= 0 ? FileDescriptor : (int)PcapNative.Waitable(Handle);

    /// <summary>Opens a device.</summary>
    /// <param name="device">Its name; on Windows also that of its adapter, or its description.</param>
    /// <param name="snapLength">The longest frame.</param>
    /// <param name="bufferBytes">The size of the ring.</param>
    /// <param name="isPromiscuous">Whether to receive everything.</param>
    /// <param name="access">Why there is no device.</param>
    /// <returns>The device, or null if the library or the system refuses.</returns>
    public static PulledPcapDevice? TryOpen(
        string device, int snapLength, int bufferBytes, bool isPromiscuous, out LinkAccess access)
    {
        PulledPcapDevice? opened = null;
        try
        {
            if (Find(device) is not { } found)
            {
                access = LinkProblems.Missing(PcapLink.Scheme, device, InterfaceFacts.Names());
                return null;
            }

            opened = new PulledPcapDevice(found);
            opened.Open(snapLength, bufferBytes, isPromiscuous);
            access = LinkAccess.Granted(PcapLink.Scheme + device);
            return opened;
        }
        catch (PcapException e)
        {
            access = Refusal(device, e, opened is { Opened: true } ? opened.LastError : "");
            opened?.Dispose();
            return null;
        }
    }

    private static PcapInterface? Find(string device)
    {
        try
        {
            return PcapInterface.GetAllPcapInterfaces().FirstOrDefault(
                one => one.Name == device || one.FriendlyName == device || one.Description == device);
        }
        catch (Exception e) when (e is InvalidOperationException or NetworkInformationException)
        {
            throw new IOException($"The capture library's list of devices cannot be read: {e.Message}", e);
        }
    }

    private static LinkAccess Refusal(string device, PcapException e, string detail)
    {
        string why = (detail.Length > 0 ? detail : e.Message).TrimEnd('.', ' ');
        return e.Error switch
        {
            PcapError.NoSuchDevice => new LinkAccess(
                PcapLink.Scheme + device, LinkProblem.MissingDevice, $"There is no capture device '{device}'.",
                $"The capture library says: {why}."),
            PcapError.PermissionDenied or PcapError.PromiscuousPermissionDenied =>
                LinkProblems.Forbidden(PcapLink.Scheme, device, why),
            PcapError.InterfaceNotUp => LinkProblems.Down(PcapLink.Scheme, device),
            _ => LinkProblems.Refused(PcapLink.Scheme, device, why),
        };
    }

    // In immediate mode the timeout has no effect, but zero means for ever elsewhere.
    private void Open(int snapLength, int bufferBytes, bool isPromiscuous)
    {
        Open(new DeviceConfiguration
        {
            Mode = isPromiscuous ? DeviceModes.Promiscuous : DeviceModes.None,
            Immediate = true, // else frames wait for the timeout
            ReadTimeout = 1,
            Snaplen = snapLength,
            BufferSize = bufferBytes,
        });
        Warning = LastError is { Length: > 0 } warning ? warning : null; // a refusal has thrown
        NonBlockingMode = true;
    }
}
