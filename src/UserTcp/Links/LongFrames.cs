using System.Runtime.InteropServices;
using UserTcp.Links.Native;

namespace UserTcp.Links;

/// <summary>
/// The frames that are longer than a slot of pcap's ring (Linux). A slot holds 64 KiB; of a longer frame the ring has
/// the beginning, and the socket under it a whole copy (PACKET_COPY_THRESH). So a frame of 512 KiB needs no ring with
/// slots of that size. The copies come in the order of their beginnings; a copy for which there was no memory is
/// missing.
/// </summary>
internal sealed unsafe class LongFrames
{
    /// <summary>Enough to tell frames apart: the headers with their numbers.</summary>
    private const int ComparedBytes = 96;

    private readonly int _socket;
    private byte[] _early = []; // a copy whose beginning has not come yet
    private int _earlyLength;

    private LongFrames(int socket) => _socket = socket;

    /// <summary>How many bytes of copies the system keeps, as it counts them.</summary>
    public int BufferBytes
    {
        get
        {
            int value = 0;
            uint length = sizeof(int);
            LibcNative.GetSocketOption(
                _socket, LibcNative.SocketLevel, LibcNative.ReceiveBuffer, &value, &length);
            return value;
        }
    }

    /// <summary>Asks the system for copies; null if it has none to give.</summary>
    public static LongFrames? TryAsk(int socket, int bufferBytes)
    {
        if (!TrySet(socket, LibcNative.PacketLevel, LibcNative.CopyThreshold, 1))
            return null;
        if (!TrySet(socket, LibcNative.SocketLevel, LibcNative.ReceiveBufferForce, bufferBytes))
            TrySet(socket, LibcNative.SocketLevel, LibcNative.ReceiveBuffer, bufferBytes);
        return new LongFrames(socket);
    }

    /// <summary>Takes the whole of a frame whose beginning was in the ring.</summary>
    /// <param name="beginning">The bytes that the ring had.</param>
    /// <param name="length">The length of the frame.</param>
    /// <param name="room">Where it goes.</param>
    /// <returns>False if there is no copy.</returns>
    public bool TryTake(ReadOnlySpan<byte> beginning, int length, Span<byte> room)
    {
        beginning = beginning[..Math.Min(ComparedBytes, beginning.Length)];
        if (_earlyLength > 0)
            return TryTakeEarly(beginning, length, room);

        int received = Receive(room);
        if (received <= 0)
            return false;
        if (received == length && room.StartsWith(beginning))
            return true;

        Keep(room[..Math.Min(received, room.Length)]);
        return false;
    }

    private bool TryTakeEarly(ReadOnlySpan<byte> beginning, int length, Span<byte> room)
    {
        ReadOnlySpan<byte> early = _early.AsSpan(0, _earlyLength);
        if (_earlyLength != length || !early.StartsWith(beginning))
            return false;

        early.CopyTo(room);
        _earlyLength = 0;
        return true;
    }

    private void Keep(ReadOnlySpan<byte> frame)
    {
        if (_early.Length < frame.Length)
            _early = GC.AllocateUninitializedArray<byte>(RxBatch.MaxFrameBytes);
        frame.CopyTo(_early);
        _earlyLength = frame.Length;
    }

    private int Receive(Span<byte> room)
    {
        fixed (byte* start = room)
        {
            nint received;
            do
            {
                received = LibcNative.ReceiveFrame(
                    _socket, start, (nuint)room.Length, LibcNative.DoNotWait | LibcNative.Truncated);
            }
            while (received < 0 && Marshal.GetLastPInvokeError() == LibcNative.Interrupted);
            return (int)received;
        }
    }

    private static bool TrySet(int socket, int level, int name, int value) =>
        LibcNative.SetSocketOption(socket, level, name, &value, sizeof(int)) == 0;
}
