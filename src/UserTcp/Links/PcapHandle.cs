using System.Runtime.InteropServices;
using UserTcp.Links.Native;

namespace UserTcp.Links;

/// <summary>An active <c>pcap_t</c>, non-blocking and in immediate mode; closed with the handle.</summary>
internal sealed unsafe class PcapHandle : SafeHandle
{
    // Compiling filters is not thread-safe in older libraries.
    private static readonly Lock s_compiling = new();

    private PcapHandle(nint handle)
        : base(0, ownsHandle: true) => SetHandle(handle);

    public override bool IsInvalid => handle == 0;

    /// <summary>What the library warned of when the device was opened; null if nothing.</summary>
    public string? Warning { get; private set; }

    /// <summary>Opens a device that exists.</summary>
    /// <param name="device">Its name.</param>
    /// <param name="snapLength">The longest frame.</param>
    /// <param name="bufferBytes">The size of the ring.</param>
    /// <param name="isPromiscuous">Whether to receive everything.</param>
    /// <param name="access">Why there is no handle.</param>
    /// <returns>The handle, or null if the library or the system refuses.</returns>
    public static PcapHandle? TryOpen(
        string device, int snapLength, int bufferBytes, bool isPromiscuous, out LinkAccess access)
    {
        byte* error = stackalloc byte[PcapNative.ErrorBufferBytes];
        nint created = PcapNative.Create(device, error);
        if (created == 0)
        {
            access = LinkProblems.Refused(PcapLink.Scheme, device, PcapNative.Text(error));
            return null;
        }

        var opened = new PcapHandle(created);
        access = opened.Activate(device, snapLength, bufferBytes, isPromiscuous);
        if (access.IsGranted && PcapNative.SetNonBlocking(created, 1, error) != 0)
            access = LinkProblems.Refused(PcapLink.Scheme, device, $"it only blocks ({PcapNative.Text(error)})");
        if (access.IsGranted)
            return opened;

        opened.Dispose();
        return null;
    }

    /// <summary>Lets only matching frames through, from now on.</summary>
    /// <exception cref="IOException">The library or the system refuses the filter.</exception>
    public void SetFilter(string filter)
    {
        BpfProgram program = default;
        lock (s_compiling)
        {
            if (PcapNative.Compile(handle, &program, filter, 1, PcapNative.NetmaskUnknown) != 0)
                throw new IOException($"The filter '{filter}' cannot be compiled: {PcapNative.ErrorOf(handle)}.");
        }

        try
        {
            if (PcapNative.SetFilter(handle, &program) != 0)
                throw new IOException($"The filter '{filter}' cannot be set: {PcapNative.ErrorOf(handle)}.");
        }
        finally
        {
            PcapNative.FreeCode(&program);
        }
    }

    protected override bool ReleaseHandle()
    {
        PcapNative.Close(handle);
        return true;
    }

    private LinkAccess Activate(string device, int snapLength, int bufferBytes, bool isPromiscuous)
    {
        PcapNative.SetSnapLength(handle, snapLength);
        PcapNative.SetPromiscuous(handle, isPromiscuous ? 1 : 0);
        PcapNative.SetTimeout(handle, 1);       // of no effect in immediate mode, but zero means for ever elsewhere
        PcapNative.SetImmediateMode(handle, 1); // else frames wait for the timeout
        PcapNative.SetBufferSize(handle, bufferBytes);
        int status = PcapNative.Activate(handle);
        if (status > 0)
            Warning = $"{PcapNative.StatusText(status)}: {PcapNative.ErrorOf(handle)}";
        return status < 0 ? Refusal(device, status) : LinkAccess.Granted(PcapLink.Scheme + device);
    }

    private LinkAccess Refusal(string device, int status)
    {
        string reason = PcapNative.StatusText(status);
        string detail = PcapNative.ErrorOf(handle);
        string why = detail.Length == 0 ? reason : $"{reason} ({detail})";
        return status switch
        {
            PcapNative.ErrorNoSuchDevice => new LinkAccess(
                PcapLink.Scheme + device, LinkProblem.MissingDevice, $"There is no capture device '{device}'.",
                $"The capture library says: {why}."),
            PcapNative.ErrorPermissionDenied or PcapNative.ErrorPromiscuousPermissionDenied =>
                LinkProblems.Forbidden(PcapLink.Scheme, device, why),
            PcapNative.ErrorInterfaceNotUp => LinkProblems.Down(PcapLink.Scheme, device),
            _ => LinkProblems.Refused(PcapLink.Scheme, device, why),
        };
    }
}
