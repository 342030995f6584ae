using System.Runtime.InteropServices;

namespace UserTcp.Links.Native;

/// <content>Linux's TAP and TUN interfaces.</content>
internal static unsafe partial class LibcNative
{
    public const int InputOutput = 5;                // EIO
    public const int Busy = 16;                      // EBUSY
    public const int InvalidArgument = 22;           // EINVAL
    public const int BadDescriptorState = 77;        // EBADFD

    public const int ReadWriteNonBlocking = 0x80802; // O_RDWR | O_NONBLOCK | O_CLOEXEC

    public const nuint SetInterfaceFlags = 0x8914;      // SIOCSIFFLAGS
    public const nuint AttachTap = 0x400454ca;          // TUNSETIFF
    public const nuint SetTapOffloads = 0x400454d0;     // TUNSETOFFLOAD
    public const nuint SetTapHeaderBytes = 0x400454d8;  // TUNSETVNETHDRSZ

    [LibraryImport(Library, EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Open(string path, int flags);

    [LibraryImport(Library, EntryPoint = "ioctl", SetLastError = true)]
    public static partial int IoControl(int descriptor, nuint request, nuint value);

    [LibraryImport(Library, EntryPoint = "ioctl", SetLastError = true)]
    public static partial int IoControl(int descriptor, nuint request, int* value);

    [LibraryImport(Library, EntryPoint = "read", SetLastError = true)]
    public static partial nint Read(int descriptor, void* buffer, nuint count);

    [LibraryImport(Library, EntryPoint = "writev", SetLastError = true)]
    public static partial nint WritePieces(int descriptor, MessagePiece* pieces, int count);
}
