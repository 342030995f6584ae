using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using UserTcp.Lab.Tests.Support;
using UserTcp.Links.Native;

namespace UserTcp.Lab.Tests.Wires;

/// <summary>A Linux packet socket on one interface: whole Ethernet frames, whomever they are for.</summary>
internal sealed class PacketSocket : IDisposable
{
    private const int SolSocket = 1;
    private const int SolPacket = 263;
    private const int ForceReceiveBuffer = 33;
    private const int IgnoreOutgoing = 23;
    private const int Fanout = 18;
    private const int FanoutData = 22;
    private const int FanoutByProgram = 6; // PACKET_FANOUT_CBPF
    private readonly Socket _socket;

    private PacketSocket(Socket socket) => _socket = socket;

    public static PacketSocket Open(NetworkNamespace ns, string device)
    {
        int index = int.Parse(ns.Exec($"cat /sys/class/net/{device}/ifindex"), CultureInfo.InvariantCulture);
        return ns.Run(() =>
        {
            // Protocol 0 takes nothing until it is bound to the device.
            var socket = new Socket(AddressFamily.Packet, SocketType.Raw, 0);
            socket.SetRawSocketOption(SolSocket, ForceReceiveBuffer, Bytes(32 << 20));
            socket.SetRawSocketOption(SolPacket, IgnoreOutgoing, Bytes(1));
            socket.Bind(new DeviceEndPoint(index));
            return new PacketSocket(socket);
        });
    }

    /// <summary>
    /// Joins a group of which one socket gets each frame: the one whose number, in the order of joining, the program
    /// of the group returns.
    /// </summary>
    public unsafe void Join(ushort group, FilterInstruction[] program)
    {
        _socket.SetRawSocketOption(SolPacket, Fanout, Bytes(group | FanoutByProgram << 16));
        fixed (FilterInstruction* first = program)
        {
            var wrapped = new FilterProgram { Length = (ushort)program.Length, Instructions = first };
            _socket.SetRawSocketOption(SolPacket, FanoutData, new ReadOnlySpan<byte>(&wrapped, sizeof(FilterProgram)));
        }
    }

    /// <summary>Waits for a frame; 0 if none came in time.</summary>
    public int Receive(Span<byte> buffer, TimeSpan patience) =>
        _socket.Poll(patience, SelectMode.SelectRead) ? _socket.Receive(buffer) : 0;

    public void Send(ReadOnlySpan<byte> frame) => _socket.Send(frame);

    public void Dispose() => _socket.Dispose();

    private static byte[] Bytes(int value)
    {
        byte[] bytes = new byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, value);
        return bytes;
    }

    /// <summary>A <c>sockaddr_ll</c> for all protocols of a device.</summary>
    private sealed class DeviceEndPoint(int index) : EndPoint
    {
        private const int Size = 20;
        private const int AllProtocols = 3;

        public override AddressFamily AddressFamily => AddressFamily.Packet;

        public override SocketAddress Serialize()
        {
            var address = new SocketAddress(AddressFamily.Packet, Size);
            Span<byte> bytes = address.Buffer.Span;
            BinaryPrimitives.WriteUInt16BigEndian(bytes[2..], AllProtocols);
            BinaryPrimitives.WriteInt32LittleEndian(bytes[4..], index);
            return address;
        }
    }
}
