using System.Reflection;
using System.Runtime.InteropServices;

namespace UserTcp.Links.Native;

/// <summary>
/// libpcap 1.5 or later, Npcap, and macOS's own: the entry points that all three have, and the few that only some have.
/// The library is found by <see cref="Resolve"/>; a machine without it learns so from <see
/// cref="PcapNotFoundException"/>.
/// </summary>
internal static unsafe partial class PcapNative
{
    public const int ErrorBufferBytes = 256;
    public const int ErrorNoSuchDevice = -5;
    public const int ErrorPermissionDenied = -8;
    public const int ErrorInterfaceNotUp = -9;
    public const int ErrorPromiscuousPermissionDenied = -11;
    public const int LinkTypeEthernet = 1;
    public const int LinkTypeRaw = 12;
    public const int DirectionIn = 1;
    public const uint NetmaskUnknown = uint.MaxValue;

    private const string Library = "pcap";
    private static readonly Lock s_loading = new();
    private static nint s_library;

    // The resolver answers for one assembly and can be set once.
    static PcapNative() => NativeLibrary.SetDllImportResolver(typeof(PcapNative).Assembly, Resolve);

    /// <summary>The names under which the library is looked for, the best first.</summary>
    public static string[] LibraryNames { get; } =
        OperatingSystem.IsWindows() ? [Path.Combine(Environment.SystemDirectory, "Npcap", "wpcap.dll"), "wpcap.dll"]
        : OperatingSystem.IsMacOS() ? ["/usr/lib/libpcap.A.dylib", "libpcap.dylib"]
        : ["libpcap.so.1", "libpcap.so.0.8", "libpcap.so.0", "libpcap.so"];

    /// <summary>
    /// Where the capture length lies in <c>pcap_pkthdr</c>, behind a <c>timeval</c> of 8 or 16 bytes.
    /// </summary>
    public static int CaptureLengthOffset { get; } =
        OperatingSystem.IsWindows() || sizeof(nint) == sizeof(int) ? 8 : 16;

    /// <summary>Whether the library is there. Looked for again until it is found.</summary>
    public static bool TryLoad()
    {
        lock (s_loading)
        {
            for (int i = 0; s_library == 0 && i < LibraryNames.Length; i++)
                NativeLibrary.TryLoad(
                    LibraryNames[i], typeof(PcapNative).Assembly, DllImportSearchPath.UseDllDirectoryForDependencies
                    | DllImportSearchPath.SafeDirectories, out s_library);
            return s_library != 0;
        }
    }

    public static string ErrorOf(nint handle) => Text(GetError(handle));

    public static string StatusText(int status) => Text(StatusToString(status));

    public static string Text(byte* text) => Marshal.PtrToStringUTF8((nint)text) ?? "";

    [LibraryImport(Library, EntryPoint = "pcap_create", StringMarshalling = StringMarshalling.Utf8)]
    public static partial nint Create(string device, byte* errorBuffer);

    [LibraryImport(Library, EntryPoint = "pcap_close")]
    public static partial void Close(nint handle);

    [LibraryImport(Library, EntryPoint = "pcap_set_snaplen")]
    public static partial int SetSnapLength(nint handle, int bytes);

    [LibraryImport(Library, EntryPoint = "pcap_set_promisc")]
    public static partial int SetPromiscuous(nint handle, int isOn);

    [LibraryImport(Library, EntryPoint = "pcap_set_timeout")]
    public static partial int SetTimeout(nint handle, int milliseconds);

    [LibraryImport(Library, EntryPoint = "pcap_set_immediate_mode")]
    public static partial int SetImmediateMode(nint handle, int isOn);

    [LibraryImport(Library, EntryPoint = "pcap_set_buffer_size")]
    public static partial int SetBufferSize(nint handle, int bytes);

    [LibraryImport(Library, EntryPoint = "pcap_activate")]
    public static partial int Activate(nint handle);

    [LibraryImport(Library, EntryPoint = "pcap_setnonblock")]
    public static partial int SetNonBlocking(nint handle, int isOn, byte* errorBuffer);

    [LibraryImport(Library, EntryPoint = "pcap_datalink")]
    public static partial int DataLink(nint handle);

    [LibraryImport(Library, EntryPoint = "pcap_compile", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Compile(nint handle, BpfProgram* program, string filter, int optimize, uint netmask);

    [LibraryImport(Library, EntryPoint = "pcap_setfilter")]
    public static partial int SetFilter(nint handle, BpfProgram* program);

    [LibraryImport(Library, EntryPoint = "pcap_freecode")]
    public static partial void FreeCode(BpfProgram* program);

    [LibraryImport(Library, EntryPoint = "pcap_next_ex")]
    public static partial int NextFrame(nint handle, byte** header, byte** bytes);

    [LibraryImport(Library, EntryPoint = "pcap_inject", SetLastError = true)]
    public static partial int Inject(nint handle, byte* frame, nuint length);

    /// <param name="handle">The open handle.</param>
    /// <param name="statistics">At least 32 bytes: three 32-bit counters on Unix, more on Windows.</param>
    [LibraryImport(Library, EntryPoint = "pcap_stats")]
    public static partial int GetStatistics(nint handle, uint* statistics);

    [LibraryImport(Library, EntryPoint = "pcap_findalldevs")]
    public static partial int FindAllDevices(PcapInterfaceEntry** first, byte* errorBuffer);

    [LibraryImport(Library, EntryPoint = "pcap_freealldevs")]
    public static partial void FreeAllDevices(PcapInterfaceEntry* first);

    /// <summary>Not implemented by every device; Npcap exports it only to fail.</summary>
    [LibraryImport(Library, EntryPoint = "pcap_setdirection")]
    public static partial int SetDirection(nint handle, int direction);

    /// <summary>Unix only.</summary>
    [LibraryImport(Library, EntryPoint = "pcap_get_selectable_fd")]
    public static partial int GetSelectableDescriptor(nint handle);

    /// <summary>Windows only: an event that is set while there are frames.</summary>
    [LibraryImport(Library, EntryPoint = "pcap_getevent")]
    public static partial nint GetEvent(nint handle);

    [LibraryImport(Library, EntryPoint = "pcap_geterr")]
    private static partial byte* GetError(nint handle);

    [LibraryImport(Library, EntryPoint = "pcap_statustostr")]
    private static partial byte* StatusToString(int status);

    // An exception from here surfaces unchanged from every call, the first and all later ones.
    private static nint Resolve(string name, Assembly assembly, DllImportSearchPath? searchPath)
    {
        if (name != Library)
            return 0;
        if (!TryLoad())
            throw new PcapNotFoundException();

        return s_library;
    }
}

/// <summary><c>struct bpf_program</c>.</summary>
internal struct BpfProgram
{
    public uint Length;
    public nint Instructions;
}

/// <summary><c>struct pcap_if</c>.</summary>
internal unsafe struct PcapInterfaceEntry
{
    public PcapInterfaceEntry* Next;
    public byte* Name;
    public byte* Description;
    public PcapAddressEntry* Addresses;
    public uint Flags;
}

/// <summary><c>struct pcap_addr</c>, as far as it is used.</summary>
internal unsafe struct PcapAddressEntry
{
    public PcapAddressEntry* Next;
    public byte* Address;
}
