using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace UserTcp.Links.Native;

/// <summary>
/// The C library, as far as Linux and macOS agree or one of them needs it. Numbers are Linux's unless named.
/// </summary>
internal static unsafe partial class LibcNative
{
    public const short PollIn = 1;
    public const short PollOut = 4;

    public const int Interrupted = 4;               // EINTR
    public const int NoSuchDeviceOrAddress = 6;     // ENXIO
    public const int NoSuchDevice = 19;             // ENODEV
    public const int NetworkDown = 100;             // ENETDOWN

    public const nuint GetInterfaceFlags = 0x8913;  // SIOCGIFFLAGS
    public const nuint GetInterfaceMtu = 0x8921;    // SIOCGIFMTU
    public const nuint GetHardwareAddress = 0x8927; // SIOCGIFHWADDR
    public const nuint GetInterfaceIndex = 0x8933;  // SIOCGIFINDEX
    public const nuint Ethtool = 0x8946;            // SIOCETHTOOL

    public const int PacketLevel = 263;             // SOL_PACKET
    public const int AddMembership = 1;             // PACKET_ADD_MEMBERSHIP
    public const int IgnoreOutgoing = 23;           // PACKET_IGNORE_OUTGOING

    private const string Library = "libc";

    /// <summary>EAGAIN.</summary>
    public static int TryAgain { get; } = OperatingSystem.IsMacOS() ? 35 : 11;

    /// <summary>EMSGSIZE.</summary>
    public static int MessageTooLong { get; } = OperatingSystem.IsMacOS() ? 40 : 90;

    [LibraryImport(Library, EntryPoint = "ioctl", SetLastError = true)]
    public static partial int IoControl(int descriptor, nuint request, InterfaceRequest* argument);

    [LibraryImport(Library, EntryPoint = "setsockopt", SetLastError = true)]
    public static partial int SetSocketOption(int descriptor, int level, int name, void* value, uint length);

    [LibraryImport(Library, EntryPoint = "poll", SetLastError = true)]
    public static partial int Poll(PollDescriptor* descriptors, nuint count, int milliseconds);

    [LibraryImport(Library, EntryPoint = "ppoll", SetLastError = true)]
    public static partial int PollNanoseconds(
        PollDescriptor* descriptors, nuint count, TimeSpec* timeout, void* signals);

    [LibraryImport(Library, EntryPoint = "eventfd", SetLastError = true)]
    public static partial int EventDescriptor(uint value, int flags);

    [LibraryImport(Library, EntryPoint = "pipe", SetLastError = true)]
    public static partial int Pipe(int* descriptors);

    [LibraryImport(Library, EntryPoint = "read", SetLastError = true)]
    public static partial nint Read(SafeFileHandle descriptor, void* buffer, nuint count);

    [LibraryImport(Library, EntryPoint = "write", SetLastError = true)]
    public static partial nint Write(SafeFileHandle descriptor, void* buffer, nuint count);
}

/// <summary><c>struct pollfd</c>.</summary>
internal struct PollDescriptor
{
    public int Descriptor;
    public short Events;
    public short Returned;
}

/// <summary><c>struct timespec</c>.</summary>
internal struct TimeSpec
{
    public nint Seconds;
    public nint Nanoseconds;
}

/// <summary>Linux's <c>struct ifreq</c> on 64-bit machines: a name and a union of 24 bytes.</summary>
[StructLayout(LayoutKind.Explicit, Size = 40)]
internal unsafe struct InterfaceRequest
{
    public const int NameBytes = 16;

    [FieldOffset(0)]
    public fixed byte Name[NameBytes];

    [FieldOffset(16)]
    public int Number;

    [FieldOffset(16)]
    public short Flags;

    [FieldOffset(16)]
    public void* Pointer;

    /// <summary>In <c>ifr_hwaddr</c>, behind the family.</summary>
    [FieldOffset(18)]
    public fixed byte HardwareAddress[MacAddress.Size];
}

/// <summary><c>struct ethtool_value</c>.</summary>
internal struct EthtoolValue
{
    public uint Command;
    public uint Value;
}

/// <summary><c>struct ethtool_drvinfo</c>, as far as it is used.</summary>
[StructLayout(LayoutKind.Explicit, Size = 196)]
internal unsafe struct EthtoolDriver
{
    public const int NameBytes = 32;

    [FieldOffset(0)]
    public uint Command;

    [FieldOffset(4)]
    public fixed byte Name[NameBytes];
}

/// <summary><c>struct packet_mreq</c>.</summary>
internal unsafe struct PacketMembership
{
    public const ushort Promiscuous = 1;
    public const ushort Unicast = 3;

    public int InterfaceIndex;
    public ushort Kind;
    public ushort AddressLength;
    public fixed byte Address[8];
}
