using System.Runtime.InteropServices;
using UserTcp.Lab.Tests.Support;
using UserTcp.Links;

namespace UserTcp.Lab.Tests.Links;

/// <summary>
/// A <c>/dev/net/tun</c> with the mode that a test wants, whatever the mode of the machine's own one. It lies in a file
/// system that only the calling thread sees: the thread gets a mount namespace, and the kernel removes both when the
/// thread ends. The machine's node is never touched.
/// </summary>
internal static partial class OwnTapNode
{
    /// <summary>As distributions have it.</summary>
    public const UnixFileMode Everybody =
        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.GroupWrite
        | UnixFileMode.OtherRead | UnixFileMode.OtherWrite;

    /// <summary>As <c>mknod</c> in a bare container leaves it.</summary>
    public const UnixFileMode RootOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private const int CloneNewMounts = 0x0002_0000; // CLONE_NEWNS
    private const nuint Recursive = 0x4000;         // MS_REC
    private const nuint Private = 0x4_0000;         // MS_PRIVATE
    private const uint CharacterDevice = 0x2000;    // S_IFCHR
    private const nuint TunDevice = 10 << 8 | 200;  // makedev(10, 200)

    /// <summary>Puts the node in place for the calling thread, which must end soon and start no others.</summary>
    /// <param name="mode">Who may open it.</param>
    public static void Mount(UnixFileMode mode)
    {
        string folder = Path.GetDirectoryName(TapHandle.ControlFile)!;
        Check(Unshare(CloneNewMounts), "unshare(CLONE_NEWNS)");
        Check(Mount("none", "/", null, Recursive | Private, null), "mount(private)");
        Check(Mount("tmpfs", folder, "tmpfs", 0, "mode=0755"), $"mount({folder})");
        Check(MakeNode(TapHandle.ControlFile, CharacterDevice, TunDevice), $"mknod({TapHandle.ControlFile})");
        Check(ChangeMode(TapHandle.ControlFile, (uint)mode), $"chmod({TapHandle.ControlFile})"); // past any umask
    }

    /// <summary>Runs a function in a namespace, as a user without capabilities and with such a node.</summary>
    /// <param name="network">Where.</param>
    /// <param name="mode">Who may open the node.</param>
    /// <param name="function">What.</param>
    public static T RunUnprivileged<T>(NetworkNamespace network, UnixFileMode mode, Func<T> function) =>
        network.Run(() =>
        {
            Mount(mode);
            return Unprivileged.Run(function);
        });

    private static void Check(int result, string call)
    {
        if (result != 0)
            throw new InvalidOperationException($"{call}: {Marshal.GetLastPInvokeErrorMessage()}");
    }

    [LibraryImport("libc", EntryPoint = "unshare", SetLastError = true)]
    private static partial int Unshare(int flags);

    [LibraryImport("libc", EntryPoint = "mount", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Mount(string source, string target, string? type, nuint flags, string? data);

    [LibraryImport("libc", EntryPoint = "mknod", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int MakeNode(string path, uint mode, nuint device);

    [LibraryImport("libc", EntryPoint = "chmod", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int ChangeMode(string path, uint mode);
}
