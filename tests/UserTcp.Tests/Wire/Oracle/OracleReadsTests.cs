using FsCheck;
using FsCheck.Xunit;
using PacketDotNet.Tcp;
using UserTcp.Primitives;
using UserTcp.Wire;
using static UserTcp.Tests.Wire.Oracle.OracleValues;
using Theirs = PacketDotNet;

namespace UserTcp.Tests.Wire.Oracle;

/// <summary>PacketDotNet reads every header that we write, and finds in it what we put there.</summary>
public sealed class OracleReadsTests
{
    private static readonly MacAddress s_from = MacAddress.Parse("02:00:00:00:00:01");
    private static readonly MacAddress s_to = MacAddress.Parse("02:00:00:00:00:02");

    [Property]
    public void An_Ethernet_header_is_read_as_it_was_written(
        DoNotSize<ulong> to, DoNotSize<ulong> from, bool isArp, byte[] payload)
    {
        EtherType type = isArp ? EtherType.Arp : EtherType.Ipv4;
        byte[] frame = Frame(Mac(to.Item), Mac(from.Item), type, payload);
        var read = new Theirs.EthernetPacket(new Theirs.Utils.ByteArraySegment(frame));

        Assert.Equal(OracleValues.Theirs(Mac(to.Item)), read.DestinationHardwareAddress);
        Assert.Equal(OracleValues.Theirs(Mac(from.Item)), read.SourceHardwareAddress);
        Assert.Equal((ushort)type, (ushort)read.Type);
    }

    [Property]
    public void An_ARP_packet_is_read_as_it_was_written(
        bool isReply, DoNotSize<ulong> senderMac, DoNotSize<ulong> targetMac, DoNotSize<ulong> addresses)
    {
        (HostAddress sender, HostAddress target) = Pair(addresses.Item);
        byte[] packet = new byte[ArpPacket.Size];
        ArpOperation operation = isReply ? ArpOperation.Reply : ArpOperation.Request;
        new ArpPacket(operation, Mac(senderMac.Item), sender, Mac(targetMac.Item), target).WriteTo(packet);
        var read = Parse(EtherType.Arp, packet).Extract<Theirs.ArpPacket>();

        Assert.Equal((ushort)operation, (ushort)read.Operation);
        Assert.Equal(OracleValues.Theirs(Mac(senderMac.Item)), read.SenderHardwareAddress);
        Assert.Equal(OracleValues.Theirs(sender), read.SenderProtocolAddress);
        Assert.Equal(OracleValues.Theirs(Mac(targetMac.Item)), read.TargetHardwareAddress);
        Assert.Equal(OracleValues.Theirs(target), read.TargetProtocolAddress);
        Assert.Equal(Theirs.LinkLayers.Ethernet, read.HardwareAddressType);
        Assert.Equal(Theirs.EthernetType.IPv4, read.ProtocolAddressType);
        Assert.Equal(MacAddress.Size, read.HardwareAddressLength);
        Assert.Equal(sizeof(uint), read.ProtocolAddressLength);
    }

    [Property]
    public void An_IPv4_header_is_read_as_it_was_written(
        DoNotSize<ulong> addresses, byte traffic, byte timeToLive, DoNotSize<ushort> id, bool mayFragment, byte[] text)
    {
        (HostAddress source, HostAddress destination) = Pair(addresses.Item);
        byte[] packet = [.. new byte[Ipv4Header.Size], .. text];
        Ipv4Header.Write(packet, new Ipv4Fields(source, destination, IpProtocol.Udp, packet.Length)
        {
            TrafficClass = traffic, TimeToLive = timeToLive, Id = id.Item, DontFragment = !mayFragment,
        });
        var read = new Theirs.IPv4Packet(new Theirs.Utils.ByteArraySegment(packet));

        Assert.Equal(OracleValues.Theirs(source), read.SourceAddress);
        Assert.Equal(OracleValues.Theirs(destination), read.DestinationAddress);
        Assert.Equal(Theirs.ProtocolType.Udp, read.Protocol);
        Assert.Equal(packet.Length, read.TotalLength);
        Assert.Equal(Ipv4Header.Size, read.HeaderLength * 4);
        Assert.Equal(traffic, read.DifferentiatedServices);
        Assert.Equal(timeToLive, read.TimeToLive);
        Assert.Equal(id.Item, read.Id);
        Assert.Equal(mayFragment ? 0 : 2, read.FragmentFlags);
        Assert.Equal(0, read.FragmentOffset);
        Assert.True(read.ValidIPChecksum, "The IPv4 checksum is wrong.");
    }

    [Property]
    public void An_IPv6_packet_is_read_as_we_read_it(
        bool hasOptions, DoNotSize<ulong> addresses, DoNotSize<ulong> fields, byte[] text)
    {
        byte[] datagram = [0, 7, 0, 9, 0, (byte)(8 + text.Length), 0, 0, .. text];
        byte[] packet = hasOptions
            ? Ipv6Bytes.Packet(Ipv6Bytes.DestinationOptions, Ipv6Bytes.Extension(Ipv6Bytes.UdpNext), datagram)
            : Ipv6Bytes.Packet(Ipv6Bytes.UdpNext, datagram);
        BitConverter.TryWriteBytes(packet.AsSpan(16), addresses.Item);
        packet[0] |= (byte)(fields.Item & 15);
        packet[1] = (byte)(fields.Item >> 8);
        packet[7] = (byte)(fields.Item >> 16);
        var read = Parse(EtherType.Ipv6, packet).Extract<Theirs.IPv6Packet>();

        Assert.True(IpPacket.TryParse(packet, out IpPacket ours));
        Assert.Equal(read.SourceAddress, ours.Source.ToIPAddress());
        Assert.Equal(read.DestinationAddress, ours.Destination.ToIPAddress());
        Assert.Equal((read.TrafficClass, read.HopLimit), (ours.TrafficClass, ours.HopLimit));
        Assert.Equal((byte)Theirs.ProtocolType.Udp, (byte)ours.Protocol);
        var udp = read.Extract<Theirs.UdpPacket>();
        Assert.Equal((udp.SourcePort, udp.DestinationPort), ((ushort)7, (ushort)9));
        Assert.Equal(datagram, ours.Payload.ToArray());
    }

    [Property]
    public void An_echo_is_read_as_it_was_written(
        bool isReply, DoNotSize<ushort> identifier, DoNotSize<ushort> number, byte[] data)
    {
        byte[] message = new byte[IcmpMessage.HeaderSize + data.Length];
        IcmpMessage.WriteEcho(
            message, isReply ? IcmpType.EchoReply : IcmpType.EchoRequest, identifier.Item, number.Item, data);
        Theirs.IcmpV4Packet read = ParseIcmp(message);

        Assert.Equal(isReply ? Theirs.IcmpV4TypeCode.EchoReply : Theirs.IcmpV4TypeCode.EchoRequest, read.TypeCode);
        Assert.Equal(identifier.Item, read.Id);
        Assert.Equal(number.Item, read.Sequence);
        Assert.Equal(data, read.Data);
        Assert.True(read.ValidIcmpChecksum, "The ICMP checksum is wrong.");
    }

    [Property]
    public void An_ICMP_error_is_read_as_it_was_written(byte code, DoNotSize<uint> rest, byte[] quote)
    {
        byte[] message = new byte[IcmpMessage.HeaderSize + quote.Length];
        IcmpMessage.WriteError(message, IcmpType.DestinationUnreachable, code, rest.Item, quote);
        Theirs.IcmpV4Packet read = ParseIcmp(message);

        Assert.Equal((ushort)IcmpType.DestinationUnreachable << 8 | code, (ushort)read.TypeCode);
        Assert.Equal(rest.Item, (uint)read.Id << 16 | read.Sequence);
        Assert.Equal(quote, read.Data);
        Assert.True(read.ValidIcmpChecksum, "The ICMP checksum is wrong.");
    }

    [Property(MaxTest = 1000)]
    public void A_segment_is_read_as_it_was_written(
        DoNotSize<ulong> addresses, DoNotSize<ulong> numbers, DoNotSize<ulong> fields, byte choice,
        DoNotSize<ulong> values, byte[] text)
    {
        (HostAddress source, HostAddress destination) = Pair(addresses.Item);
        TcpOptions options = Options(choice, values.Item);
        var flags = (TcpFlags)(fields.Item >> 56);
        byte[] segment = new byte[TcpSegment.MaxHeaderSize + text.Length];
        int header = TcpSegmentWriter.WriteHeader(
            segment, (ushort)fields.Item, (ushort)(fields.Item >> 16), new SeqNumber((uint)numbers.Item),
            new SeqNumber((uint)(numbers.Item >> 32)), flags, new WireWindow((ushort)(fields.Item >> 32)),
            (ushort)(fields.Item >> 48), options);
        int half = text.Length / 2; // two pieces, as from a send queue: an odd one shifts the other
        TcpSegmentWriter.WriteChecksum(
            segment.AsSpan(0, header), source, destination, text.AsSpan(0, half), text.AsSpan(half));
        text.CopyTo(segment, header);
        segment = segment[..(header + text.Length)];
        Theirs.TcpPacket read = Parse(EtherType.Ipv4, Packet(source, destination, IpProtocol.Tcp, segment))
            .Extract<Theirs.TcpPacket>();

        Assert.Equal((ushort)fields.Item, read.SourcePort);
        Assert.Equal((ushort)(fields.Item >> 16), read.DestinationPort);
        Assert.Equal((uint)numbers.Item, read.SequenceNumber);
        Assert.Equal((uint)(numbers.Item >> 32), read.AcknowledgmentNumber);
        Assert.Equal((ushort)flags, read.Flags);
        Assert.Equal((ushort)(fields.Item >> 32), read.WindowSize);
        Assert.Equal((ushort)(fields.Item >> 48), (ushort)read.UrgentPointer);
        Assert.Equal(header, read.DataOffset * 4);
        Assert.Equal(text, Payload(read));
        Assert.True(read.ValidChecksum, "The TCP checksum is wrong.");
        Assert.Equal(Words(options, Fitting(options)), TheirWords(read));
    }

    private static int Fitting(in TcpOptions options)
    {
        TcpOptions without = options;
        without.SackCount = 0;
        return (TcpOptions.MaxBytes - without.EncodedLength - 4) / 8;
    }

    // PacketDotNet refuses the options of urgent segments, for no reason that the wire knows.
    private static string[] TheirWords(Theirs.TcpPacket segment)
    {
        segment.Urgent = false;
        return [.. (segment.OptionsCollection ?? []).SelectMany(WordsOf).Order()];
    }

    private static IEnumerable<string> WordsOf(TcpOption option)
    {
        switch (option)
        {
            case MaximumSegmentSizeOption mss:
                return [$"mss {mss.Value}"];
            case WindowScaleFactorOption scale:
                return [$"scale {scale.ScaleFactor}"];
            case SelectiveAcknowledgmentPermittedOption:
                return ["sack permitted"];
            case TimeStampOption stamps:
                return [$"stamps {stamps.Value} {stamps.EchoReply}"];
            case SelectiveAcknowledgmentOption sack: // two halves of a number, each taken for a block
                uint[] edges = [.. sack.Blocks.Chunk(2).Select(half => (uint)half[0] << 16 | half[1])];
                return edges.Chunk(2).Select(edge => $"block {edge[0]} {edge[1]}");
            default:
                Assert.True(option is NoOperationOption or EndOfOptionsOption, $"Nobody wrote {option}.");
                return [];
        }
    }

    private static Theirs.IcmpV4Packet ParseIcmp(byte[] message) =>
        Parse(EtherType.Ipv4, Packet(HostAddress.FromV4(1), HostAddress.FromV4(2), IpProtocol.Icmp, message))
            .Extract<Theirs.IcmpV4Packet>();

    private static Theirs.Packet Parse(EtherType type, byte[] payload) =>
        Theirs.Packet.ParsePacket(Theirs.LinkLayers.Ethernet, Frame(s_to, s_from, type, payload));

    private static byte[] Packet(HostAddress source, HostAddress destination, IpProtocol protocol, byte[] payload)
    {
        byte[] packet = [.. new byte[Ipv4Header.Size], .. payload];
        Ipv4Header.Write(packet, new Ipv4Fields(source, destination, protocol, packet.Length));
        return packet;
    }

    private static byte[] Frame(MacAddress to, MacAddress from, EtherType type, byte[] payload)
    {
        byte[] frame = [.. new byte[EthernetHeader.Size], .. payload];
        EthernetHeader.Write(frame, to, from, type);
        return frame;
    }
}
