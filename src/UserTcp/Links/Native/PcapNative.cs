using System.Reflection;
using System.Runtime.InteropServices;
using SharpPcap.LibPcap;

namespace UserTcp.Links.Native;

/// <summary>
/// The three calls of libpcap and Npcap that SharpPcap 6.3.1 lacks, on its public handle, and whether the library is
/// installed. A machine without it learns so from <see cref="PcapNotFoundException"/>: SharpPcap itself would throw a
/// <see cref="DllNotFoundException"/> that names <c>wpcap</c>, on every system.
/// </summary>
internal static unsafe partial class PcapNative
{
    private const string Library = "wpcap";
    private static readonly Lock s_loading = new();
    private static nint s_library;

    // The resolver answers for one assembly and can be set once.
    static PcapNative() => NativeLibrary.SetDllImportResolver(typeof(PcapNative).Assembly, Resolve);

    /// <summary>
    /// The names under which SharpPcap looks for the library, in its order: with others the two could load different
    /// libraries, and a handle of the one would end up in the other.
    /// </summary>
    public static string[] LibraryNames { get; } =
        OperatingSystem.IsWindows() ? [Path.Combine(Environment.SystemDirectory, "Npcap", "wpcap.dll"), "wpcap.dll"]
        : OperatingSystem.IsMacOS() ? ["libpcap.dylib"]
        : ["libpcap.so", "libpcap.so.0", "libpcap.so.0.8", "libpcap.so.1"];

    /// <summary>
    /// Where the capture length lies in <c>pcap_pkthdr</c>, behind a <c>timeval</c> of 8 or 16 bytes. SharpPcap's own
    /// reading of the header allocates.
    /// </summary>
    public static int CaptureLengthOffset { get; } =
        OperatingSystem.IsWindows() || sizeof(nint) == sizeof(int) ? 8 : 16;

    /// <summary>Whether the library is there. Looked for again until it is found.</summary>
    public static bool TryLoad()
    {
        lock (s_loading)
        {
            for (int i = 0; s_library == 0 && i < LibraryNames.Length; i++)
                NativeLibrary.TryLoad(LibraryNames[i], out s_library);
            return s_library != 0;
        }
    }

    /// <summary>
    /// Sends a frame. SharpPcap's <c>SendPacket</c> throws without the error number: a full queue (EAGAIN, to be tried
    /// again) looks like a card that is gone, and an exception costs 10 µs where a drop costs nothing.
    /// </summary>
    [LibraryImport(Library, EntryPoint = "pcap_inject", SetLastError = true)]
    public static partial int Inject(PcapHandle handle, byte* frame, nuint length);

    /// <summary>
    /// Reads the counters. SharpPcap takes the three 32-bit fields for native integers: on 64-bit Unix its dropped
    /// packets are those of the interface, and those of a full buffer are lost.
    /// </summary>
    /// <param name="handle">The open handle.</param>
    /// <param name="counters">At least 32 bytes: three 32-bit counters on Unix, more on Windows.</param>
    [LibraryImport(Library, EntryPoint = "pcap_stats")]
    public static partial int GetStatistics(PcapHandle handle, uint* counters);

    /// <summary>
    /// The handle that is ready while there are frames: an event on Windows, unknown to SharpPcap, else a descriptor,
    /// which it asks for on Linux only. Each system has one of the two functions.
    /// </summary>
    public static nint Waitable(PcapHandle handle)
    {
        string name = OperatingSystem.IsWindows() ? "pcap_getevent" : "pcap_get_selectable_fd";
        if (!TryLoad())
            throw new PcapNotFoundException();

        var ask = (delegate* unmanaged[Cdecl]<nint, nint>)NativeLibrary.GetExport(s_library, name);
        return ask(handle.DangerousGetHandle());
    }

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
