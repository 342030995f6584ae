using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;
using UserTcp.Links.Native;

namespace UserTcp.Links;

/// <summary>
/// A queue of a TAP or TUN interface, whose frames come and go with a virtio header. The interface belongs to the
/// network namespace of the thread that opened it, or of whom it was moved to since.
/// </summary>
internal sealed unsafe class TapHandle : IDisposable
{
    public const string ControlFile = "/dev/net/tun";

    private const short Tun = 0x0001;           // IFF_TUN
    private const short Tap = 0x0002;           // IFF_TAP
    private const short MultiQueue = 0x0100;    // IFF_MULTI_QUEUE
    private const short NoPacketInfo = 0x1000;  // IFF_NO_PI
    private const short VirtioHeader = 0x4000;  // IFF_VNET_HDR
    private const nuint Offloads = 0x0b;        // TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO_ECN

    private readonly SafeFileHandle _handle;

    private TapHandle(SafeFileHandle handle, string name)
    {
        _handle = handle;
        Name = name;
        Descriptor = (int)handle.DangerousGetHandle();
    }

    public int Descriptor { get; }

    /// <summary>As the system named it, when it was opened.</summary>
    public string Name { get; }

    /// <summary>Attaches to an interface, or makes one that lives as long as the handle.</summary>
    /// <param name="device">Its name; with <c>%d</c> in it the system finds a free number.</param>
    /// <param name="medium">TAP or TUN.</param>
    /// <param name="multiQueue">Which must be as it is in the interface, if that exists; null to find out.</param>
    /// <param name="error">The system's number for why not.</param>
    /// <param name="prefersQueues">Which is tried first: an interface is made by it.</param>
    /// <returns>Null if the system refuses.</returns>
    public static TapHandle? TryOpen(
        string device, LinkMedium medium, bool? multiQueue, out int error, bool prefersQueues = false)
    {
        bool first = multiQueue ?? prefersQueues;
        TapHandle? tap = TryAttach(device, medium, first, out error);
        return tap is null && multiQueue is null && error == LibcNative.InvalidArgument
            ? TryAttach(device, medium, !first, out error)
            : tap;
    }

    /// <summary>Whether the control file can be opened.</summary>
    /// <param name="error">The system's number for why not.</param>
    public static bool IsAllowed(out int error)
    {
        using SafeFileHandle? file = OpenControl(out error);
        return file is not null;
    }

    public void Dispose() => _handle.Dispose();

    // The flags are the interface's, not the queue's: all of its queues must be opened with the same ones.
    private static TapHandle? TryAttach(string device, LinkMedium medium, bool multiQueue, out int error)
    {
        SafeFileHandle? file = OpenControl(out error);
        if (file is null)
            return null;

        var request = new InterfaceRequest
        {
            Flags = (short)((medium == LinkMedium.Ethernet ? Tap : Tun) | NoPacketInfo | VirtioHeader
                | (multiQueue ? MultiQueue : 0)),
        };
        int headerBytes = FrameOffload.Size;
        int descriptor = (int)file.DangerousGetHandle();
        if (LinuxInterface.TryName(&request, device)
            && LibcNative.IoControl(descriptor, LibcNative.AttachTap, &request) == 0
            && LibcNative.IoControl(descriptor, LibcNative.SetTapHeaderBytes, &headerBytes) == 0
            && LibcNative.IoControl(descriptor, LibcNative.SetTapOffloads, Offloads) == 0)
            return new TapHandle(file, NameIn(request));

        error = Marshal.GetLastPInvokeError();
        file.Dispose();
        return null;
    }

    private static SafeFileHandle? OpenControl(out int error)
    {
        int descriptor = LibcNative.Open(ControlFile, LibcNative.ReadWriteNonBlocking);
        error = descriptor < 0 ? Marshal.GetLastPInvokeError() : 0;
        return descriptor < 0 ? null : new SafeFileHandle(descriptor, ownsHandle: true);
    }

    private static string NameIn(InterfaceRequest request)
    {
        var bytes = new ReadOnlySpan<byte>(request.Name, InterfaceRequest.NameBytes);
        return Encoding.UTF8.GetString(bytes[..bytes.IndexOf((byte)0)]);
    }
}
