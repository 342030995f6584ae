using System.Buffers.Binary;
using UserTcp.Testing.Packetdrill.Syntax;
using UserTcp.Wire;

namespace UserTcp.Testing.Packetdrill.Running;

/// <summary>The two ports of the connection that a script is about.</summary>
internal readonly record struct PortPair(ushort Local, ushort Remote);

/// <summary>Makes the packets that a script injects.</summary>
internal sealed class PacketBuilder(NumberMap numbers)
{
    private const int MaxOptionBytes = 40;

    public byte[] Build(PacketPattern pattern, PortPair ports, int line) =>
        pattern.Icmp is { } icmp ? BuildIcmp(pattern, icmp, ports) : BuildTcp(pattern, ports, line);

    private byte[] BuildTcp(PacketPattern pattern, PortPair ports, int line)
    {
        byte[] options = Options(pattern.Options ?? [], line);
        int header = TcpSegment.HeaderSize + options.Length;
        byte[] packet = new byte[Ipv4Header.Size + header + pattern.Length];
        Span<byte> segment = packet.AsSpan(Ipv4Header.Size);
        if (pattern.IsSyn)
            numbers.LearnRemote(pattern.Start);
        uint seq = pattern.IsSequenceAbsolute
            ? pattern.Start
            : numbers.RemoteToWire(pattern.Start, pattern.IsSyn);
        uint ack = pattern.IsAckAbsolute ? pattern.Ack ?? 0
            : pattern.Ack is { } number ? numbers.LocalToWire(number, pattern.IsSyn) : 0;
        BinaryPrimitives.WriteUInt16BigEndian(segment, ports.Remote);
        BinaryPrimitives.WriteUInt16BigEndian(segment[2..], ports.Local);
        BinaryPrimitives.WriteUInt32BigEndian(segment[4..], seq);
        BinaryPrimitives.WriteUInt32BigEndian(segment[8..], ack);
        segment[12] = (byte)(header / 4 << 4);
        segment[13] = (byte)FlagsOf(pattern.Flags);
        BinaryPrimitives.WriteUInt16BigEndian(segment[14..], pattern.Window ?? 0);
        BinaryPrimitives.WriteUInt16BigEndian(segment[18..], pattern.Urgent ?? 0);
        options.CopyTo(segment[TcpSegment.HeaderSize..]);
        TcpSegmentWriter.WriteChecksum(segment, VirtualMachine.Remote, VirtualMachine.Local);
        Ipv4Header.Write(packet, new Ipv4Fields
        {
            Source = VirtualMachine.Remote,
            Destination = VirtualMachine.Local,
            Protocol = IpProtocol.Tcp,
            TotalLength = packet.Length,
            TrafficClass = (byte)((pattern.TrafficClass ?? 0) | EcnBits(pattern.Ecn)),
            TimeToLive = pattern.TimeToLive ?? 255,
        });
        return packet;
    }

    public static TcpFlags FlagsOf(string flags)
    {
        TcpFlags result = TcpFlags.None;
        foreach (char flag in flags)
        {
            result |= flag switch
            {
                'S' => TcpFlags.Syn,
                'F' => TcpFlags.Fin,
                'R' => TcpFlags.Rst,
                'P' => TcpFlags.Psh,
                'U' => TcpFlags.Urg,
                'E' => TcpFlags.Ece,
                'W' => TcpFlags.Cwr,
                '.' => TcpFlags.Ack,
                _ => TcpFlags.None,
            };
        }

        return result;
    }

    private static int EcnBits(EcnPattern ecn) => ecn switch
    {
        EcnPattern.Ect1 => 1,
        EcnPattern.Ect0 or EcnPattern.EitherEct => 2,
        EcnPattern.Ce => 3,
        _ => 0,
    };

    // The peer quotes a segment of ours: its header as far as RFC 792 asks for it. What is no error carries the same.
    private byte[] BuildIcmp(PacketPattern pattern, IcmpPattern icmp, PortPair ports)
    {
        byte[] quote = new byte[Ipv4Header.Size + 8];
        Span<byte> segment = quote.AsSpan(Ipv4Header.Size);
        uint start = icmp.QuotedStart ?? 0;
        BinaryPrimitives.WriteUInt16BigEndian(segment, ports.Local);
        BinaryPrimitives.WriteUInt16BigEndian(segment[2..], ports.Remote);
        BinaryPrimitives.WriteUInt32BigEndian(
            segment[4..], icmp.IsQuoteAbsolute ? start : numbers.LocalToWire(start, isSyn: false));
        Ipv4Header.Write(quote, new Ipv4Fields
        {
            Source = VirtualMachine.Local,
            Destination = VirtualMachine.Remote,
            Protocol = IpProtocol.Tcp,
            TotalLength = Ipv4Header.Size + TcpSegment.HeaderSize + icmp.QuotedLength,
        });
        uint field = icmp.Identifier != 0 ? (uint)icmp.Identifier << 16 : (uint)icmp.Mtu;
        byte[] packet = new byte[Ipv4Header.Size + IcmpMessage.HeaderSize + quote.Length];
        IcmpMessage.WriteError(packet.AsSpan(Ipv4Header.Size), (IcmpType)icmp.Type, icmp.Code, field, quote);
        Ipv4Header.Write(packet, new Ipv4Fields
        {
            Source = VirtualMachine.Remote,
            Destination = VirtualMachine.Local,
            Protocol = IpProtocol.Icmp,
            TotalLength = packet.Length,
            TrafficClass = (byte)((pattern.TrafficClass ?? 0) | EcnBits(pattern.Ecn)),
            TimeToLive = pattern.TimeToLive ?? 255,
        });
        return packet;
    }

    private byte[] Options(IReadOnlyList<OptionPattern> options, int line)
    {
        byte[] bytes = new byte[256];
        int length = 0;
        foreach (OptionPattern option in options)
        {
            length += Write(option, bytes.AsSpan(length));
            if (length > MaxOptionBytes)
                throw new ScriptException(line, "the options take more than 40 bytes");
        }

        int padded = (length + 3) & ~3;
        return bytes[..padded];
    }

    private int Write(OptionPattern option, Span<byte> bytes)
    {
        switch (option.Kind)
        {
            case OptionKind.EndOfList:
                return 1;
            case OptionKind.NoOperation:
                bytes[0] = 1;
                return 1;
            case OptionKind.MaximumSegmentSize:
                bytes[0] = 2;
                bytes[1] = 4;
                BinaryPrimitives.WriteUInt16BigEndian(bytes[2..], (ushort)option.Value);
                return 4;
            case OptionKind.WindowScale:
                bytes[0] = 3;
                bytes[1] = 3;
                bytes[2] = (byte)option.Value;
                return 3;
            case OptionKind.SackPermitted:
                bytes[0] = 4;
                bytes[1] = 2;
                return 2;
            case OptionKind.Timestamps:
                bytes[0] = 8;
                bytes[1] = 10;
                BinaryPrimitives.WriteUInt32BigEndian(bytes[2..], option.Value);
                BinaryPrimitives.WriteUInt32BigEndian(bytes[6..], numbers.EchoToWire(option.Echo));
                return 10;
            default:
                return WriteSack(option, bytes);
        }
    }

    private int WriteSack(OptionPattern option, Span<byte> bytes)
    {
        int length = 2;
        bytes[0] = 5;
        foreach ((uint left, uint right) in option.Blocks.Take(4))
        {
            BinaryPrimitives.WriteUInt32BigEndian(bytes[length..], numbers.LocalToWire(left, isSyn: false));
            BinaryPrimitives.WriteUInt32BigEndian(bytes[(length + 4)..], numbers.LocalToWire(right, isSyn: false));
            length += 8;
        }

        bytes[1] = (byte)length;
        return length;
    }
}
