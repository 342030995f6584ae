using System.Runtime.InteropServices;

namespace UserTcp.Lab.Tests.Support;

/// <summary>
/// Takes the privileges from the calling thread alone, by the bare system call (the C library would change all
/// threads). They do not come back: use a thread that ends, as that of <see cref="NetworkNamespace.Run(Action)"/>.
/// </summary>
internal static partial class Unprivileged
{
    /// <summary>The number of a user who owns nothing; no machine needs to have a name for it.</summary>
    public const int User = 65_534;

    public static T Run<T>(Func<T> function)
    {
        nint setUser = RuntimeInformation.ProcessArchitecture switch
        {
            Architecture.X64 => 117,
            Architecture.Arm64 => 147,
            Architecture other => throw new PlatformNotSupportedException($"setresuid on {other}"),
        };
        if (SystemCall(setUser, User, User, User) != 0)
            throw new InvalidOperationException($"setresuid: {Marshal.GetLastPInvokeErrorMessage()}");

        return function();
    }

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static partial nint SystemCall(nint number, nint first, nint second, nint third);
}
