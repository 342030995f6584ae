using System.Runtime.InteropServices;
using UserTcp.Links.Native;

namespace UserTcp.Links;

/// <summary>An active <c>pcap_t</c>, non-blocking and in immediate mode; closed with the handle.</summary>
internal sealed unsafe class PcapHandle : SafeHandle
{
    private const string Remedy =
        "Grant CAP_NET_RAW and CAP_NET_ADMIN to the executable that runs: for a published program "
        + "'sudo setcap cap_net_raw,cap_net_admin+ep ./MyApp' (again after every build); for 'dotnet MyApp.dll' "
        + "'sudo setpriv --reuid=$USER --init-groups --inh-caps=+net_raw,+net_admin --ambient-caps=+net_raw,+net_admin "
        + "dotnet MyApp.dll'. On Windows and macOS run it as an administrator, or open the capture devices to users.";

    // Compiling filters is not thread-safe in older libraries.
    private static readonly Lock s_compiling = new();

    private PcapHandle(nint handle)
        : base(0, ownsHandle: true) => SetHandle(handle);

    public override bool IsInvalid => handle == 0;

    /// <summary>What the library warned of when the device was opened; null if nothing.</summary>
    public string? Warning { get; private set; }

    /// <summary>Opens a device that exists.</summary>
    /// <exception cref="UnauthorizedAccessException">The process lacks the permission.</exception>
    /// <exception cref="LinkNotFoundException">The library does not know the device.</exception>
    /// <exception cref="IOException">Any other failure.</exception>
    public static PcapHandle Open(string device, int snapLength, int bufferBytes, bool isPromiscuous)
    {
        byte* error = stackalloc byte[PcapNative.ErrorBufferBytes];
        nint created = PcapNative.Create(device, error);
        if (created == 0)
            throw new IOException($"The capture device '{device}' cannot be opened: {PcapNative.Text(error)}.");

        var opened = new PcapHandle(created);
        try
        {
            opened.Activate(device, snapLength, bufferBytes, isPromiscuous);
            if (PcapNative.SetNonBlocking(created, 1, error) != 0)
                throw new IOException($"The capture device '{device}' only blocks: {PcapNative.Text(error)}.");

            return opened;
        }
        catch
        {
            opened.Dispose();
            throw;
        }
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

    private void Activate(string device, int snapLength, int bufferBytes, bool isPromiscuous)
    {
        PcapNative.SetSnapLength(handle, snapLength);
        PcapNative.SetPromiscuous(handle, isPromiscuous ? 1 : 0);
        PcapNative.SetTimeout(handle, 1);       // of no effect in immediate mode, but zero means for ever elsewhere
        PcapNative.SetImmediateMode(handle, 1); // else frames wait for the timeout
        PcapNative.SetBufferSize(handle, bufferBytes);
        int status = PcapNative.Activate(handle);
        if (status < 0)
            throw Failure(device, status);
        if (status > 0)
            Warning = $"{PcapNative.StatusText(status)}: {PcapNative.ErrorOf(handle)}";
    }

    private Exception Failure(string device, int status)
    {
        string reason = PcapNative.StatusText(status);
        string detail = PcapNative.ErrorOf(handle);
        string why = detail.Length == 0 ? reason : $"{reason} ({detail})";
        return status switch
        {
            PcapNative.ErrorNoSuchDevice => new LinkNotFoundException($"There is no capture device '{device}': {why}."),
            PcapNative.ErrorPermissionDenied or PcapNative.ErrorPromiscuousPermissionDenied =>
                new UnauthorizedAccessException($"The capture device '{device}' may not be opened: {why}. {Remedy}"),
            PcapNative.ErrorInterfaceNotUp => new IOException(
                $"The interface '{device}' is down. Switch it on first: 'ip link set {device} up'."),
            _ => new IOException($"The capture device '{device}' cannot be opened: {why}."),
        };
    }
}
