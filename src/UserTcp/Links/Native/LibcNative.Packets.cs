using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace UserTcp.Links.Native;

/// <content>Linux's packet sockets.</content>
internal static unsafe partial class LibcNative
{
    public const int PacketFamily = 17;              // AF_PACKET
    public const int RawNonBlocking = 3 | 0x80800;   // SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK
    public const ushort AllProtocols = 0x0300;       // ETH_P_ALL, in network byte order

    public const int NotPermitted = 1;               // EPERM
    public const int AccessDenied = 13;              // EACCES
    public const int FamilyNotSupported = 97;        // EAFNOSUPPORT

    public const nuint GetInterfaceName = 0x8910;    // SIOCGIFNAME
    public const nuint GetSocketNamespace = 0x894c;  // SIOCGSKNS
    public const int NetworkNamespace = 0x40000000;  // CLONE_NEWNET

    public const int SocketLevel = 1;                // SOL_SOCKET
    public const int SendBuffer = 7;                 // SO_SNDBUF
    public const int ReceiveBuffer = 8;              // SO_RCVBUF
    public const int AttachFilter = 26;              // SO_ATTACH_FILTER
    public const int SendBufferForce = 32;           // SO_SNDBUFFORCE
    public const int ReceiveBufferForce = 33;        // SO_RCVBUFFORCE
    public const int NamespaceCookie = 71;           // SO_NETNS_COOKIE
    public const int PacketStatistics = 6;           // PACKET_STATISTICS
    public const int VirtioHeader = 15;              // PACKET_VNET_HDR
    public const int CopyThreshold = 7;              // PACKET_COPY_THRESH
    public const int PacketFanout = 18;              // PACKET_FANOUT
    public const int PacketFanoutData = 22;          // PACKET_FANOUT_DATA

    public const int FanoutByProgram = 6;            // PACKET_FANOUT_CBPF
    public const int FanoutUniqueId = 0x2000;        // PACKET_FANOUT_FLAG_UNIQUEID
    public const int FanoutIgnoreOutgoing = 0x4000;  // PACKET_FANOUT_FLAG_IGNORE_OUTGOING

    public const int DoNotWait = 0x40;               // MSG_DONTWAIT
    public const int Truncated = 0x20;               // MSG_TRUNC

    [LibraryImport(Library, EntryPoint = "socket", SetLastError = true)]
    public static partial int OpenSocket(int family, int type, int protocol);

    [LibraryImport(Library, EntryPoint = "setns", SetLastError = true)]
    public static partial int EnterNamespace(SafeFileHandle entry, int kind);

    [LibraryImport(Library, EntryPoint = "bind", SetLastError = true)]
    public static partial int Bind(int socket, PacketAddress* address, uint length);

    [LibraryImport(Library, EntryPoint = "getsockname", SetLastError = true)]
    public static partial int GetSocketName(int socket, PacketAddress* address, uint* length);

    [LibraryImport(Library, EntryPoint = "getsockopt", SetLastError = true)]
    public static partial int GetSocketOption(int socket, int level, int name, void* value, uint* length);

    [LibraryImport(Library, EntryPoint = "recv", SetLastError = true)]
    public static partial nint ReceiveFrame(int socket, void* buffer, nuint length, int flags);

    [LibraryImport(Library, EntryPoint = "recvmmsg", SetLastError = true)]
    public static partial int ReceiveMessages(
        int socket, MultiMessage* messages, uint count, int flags, TimeSpec* timeout);

    [LibraryImport(Library, EntryPoint = "sendmmsg", SetLastError = true)]
    public static partial int SendMessages(int socket, MultiMessage* messages, uint count, int flags);

    [LibraryImport(Library, EntryPoint = "sendmsg", SetLastError = true)]
    public static partial nint SendMessage(int socket, MessageHeader* message, int flags);
}

/// <summary><c>struct sockaddr_ll</c>.</summary>
[StructLayout(LayoutKind.Sequential, Size = 20)]
internal struct PacketAddress
{
    public ushort Family;
    public ushort Protocol;
    public int InterfaceIndex;
}

/// <summary><c>struct iovec</c>.</summary>
internal unsafe struct MessagePiece
{
    public void* Start;
    public nuint Length;
}

/// <summary><c>struct msghdr</c>.</summary>
internal unsafe struct MessageHeader
{
    public void* Name;
    public uint NameLength;
    public MessagePiece* Pieces;
    public nuint PieceCount;
    public void* Control;
    public nuint ControlLength;
    public int Flags;
}

/// <summary><c>struct mmsghdr</c>.</summary>
internal struct MultiMessage
{
    public MessageHeader Header;
    public uint Length;
}

/// <summary><c>struct sock_filter</c>.</summary>
internal readonly record struct FilterInstruction(ushort Code, byte IfTrue, byte IfFalse, uint Value);

/// <summary><c>struct sock_fprog</c>.</summary>
internal unsafe struct FilterProgram
{
    public ushort Length;
    public FilterInstruction* Instructions;
}

/// <summary><c>struct tpacket_stats</c>; reading it sets it to zero.</summary>
internal struct PacketCounters
{
    public uint Packets;
    public uint Drops;
}
