using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace UserTcp.Lab.Tests.Support;

/// <summary>
/// How long the frames are that a kernel hands to an interface before they are cut. Set by rtnetlink, since the
/// <c>ip</c> of Debian 12 does not know the attribute.
/// </summary>
internal static unsafe partial class SuperFrames
{
    private const int Netlink = 16;          // AF_NETLINK
    private const int Raw = 3;               // SOCK_RAW
    private const ushort NewLink = 16;       // RTM_NEWLINK
    private const ushort RequestAck = 5;     // NLM_F_REQUEST | NLM_F_ACK
    private const ushort GsoIpv4MaxSize = 63; // IFLA_GSO_IPV4_MAX_SIZE
    private const int HeaderBytes = 16;
    private const int LinkBytes = 16;
    private const int MessageBytes = HeaderBytes + LinkBytes + 8;

    /// <summary>Lets a kernel send IPv4 super-segments of up to this length (BIG TCP).</summary>
    /// <param name="ns">Where the interface is.</param>
    /// <param name="device">Its name.</param>
    /// <param name="bytes">The length, in bytes, up to 524,288.</param>
    public static void Allow(NetworkNamespace ns, string device, uint bytes)
    {
        int error = ns.Run(() => Ask(device, bytes));
        if (error != 0)
            throw new InvalidOperationException(
                $"gso_ipv4_max_size of '{device}' cannot be {bytes}: {Marshal.GetPInvokeErrorMessage(-error)}");
    }

    private static int Ask(string device, uint bytes)
    {
        Span<byte> message = stackalloc byte[MessageBytes];
        message.Clear();
        BinaryPrimitives.WriteInt32LittleEndian(message, MessageBytes);
        BinaryPrimitives.WriteUInt16LittleEndian(message[4..], NewLink);
        BinaryPrimitives.WriteUInt16LittleEndian(message[6..], RequestAck);
        BinaryPrimitives.WriteUInt32LittleEndian(message[(HeaderBytes + 4)..], IndexOf(device));
        Span<byte> attribute = message[(HeaderBytes + LinkBytes)..];
        BinaryPrimitives.WriteUInt16LittleEndian(attribute, 8);
        BinaryPrimitives.WriteUInt16LittleEndian(attribute[2..], GsoIpv4MaxSize);
        BinaryPrimitives.WriteUInt32LittleEndian(attribute[4..], bytes);
        return Exchange(message);
    }

    private static int Exchange(ReadOnlySpan<byte> message)
    {
        int socket = OpenSocket(Netlink, Raw, 0);
        if (socket < 0)
            return -Marshal.GetLastPInvokeError();

        byte* answer = stackalloc byte[1024];
        fixed (byte* start = message)
        {
            bool isDone = Send(socket, start, (nuint)message.Length, 0) == message.Length
                && Receive(socket, answer, 1024, 0) >= HeaderBytes + sizeof(int);
            int error = isDone ? *(int*)(answer + HeaderBytes) : -Marshal.GetLastPInvokeError();
            Close(socket);
            return error;
        }
    }

    [LibraryImport("libc", EntryPoint = "if_nametoindex", StringMarshalling = StringMarshalling.Utf8)]
    private static partial uint IndexOf(string device);

    [LibraryImport("libc", EntryPoint = "socket", SetLastError = true)]
    private static partial int OpenSocket(int family, int type, int protocol);

    [LibraryImport("libc", EntryPoint = "send", SetLastError = true)]
    private static partial nint Send(int socket, byte* bytes, nuint length, int flags);

    [LibraryImport("libc", EntryPoint = "recv", SetLastError = true)]
    private static partial nint Receive(int socket, byte* bytes, nuint length, int flags);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int descriptor);
}
