using System.Buffers.Binary;
using FsCheck;
using FsCheck.Xunit;
using PacketDotNet.Tcp;
using PacketDotNet.Utils;
using UserTcp.Primitives;
using UserTcp.Wire;
using static UserTcp.Tests.Wire.Oracle.OracleValues;
using Theirs = PacketDotNet;

namespace UserTcp.Tests.Wire.Oracle;

/// <summary>We read every header that PacketDotNet writes, and find in it what it was told to put there.</summary>
public sealed class OracleWritesTests
{
    [Property]
    public void An_ARP_packet_of_theirs_is_read(
        bool isReply, DoNotSize<ulong> senderMac, DoNotSize<ulong> targetMac, DoNotSize<ulong> addresses)
    {
        (HostAddress sender, HostAddress target) = Pair(addresses.Item);
        Theirs.ArpOperation operation = isReply ? Theirs.ArpOperation.Response : Theirs.ArpOperation.Request;
        var frame = new Theirs.EthernetPacket(
            OracleValues.Theirs(Mac(senderMac.Item)), OracleValues.Theirs(Mac(targetMac.Item)), Theirs.EthernetType.Arp)
        {
            PayloadPacket = new Theirs.ArpPacket(
                operation, OracleValues.Theirs(Mac(targetMac.Item)), OracleValues.Theirs(target),
                OracleValues.Theirs(Mac(senderMac.Item)), OracleValues.Theirs(sender)),
        };

        Assert.True(EthernetHeader.TryParse(frame.Bytes, out EthernetHeader ethernet));
        Assert.Equal(Mac(senderMac.Item), ethernet.Source);
        Assert.Equal(Mac(targetMac.Item), ethernet.Destination);
        Assert.Equal(EtherType.Arp, ethernet.EtherType);
        Assert.True(ArpPacket.TryParse(ethernet.Payload, out ArpPacket arp));
        Assert.Equal(
            new ArpPacket(
                isReply ? ArpOperation.Reply : ArpOperation.Request, Mac(senderMac.Item), sender, Mac(targetMac.Item),
                target),
            arp);
    }

    [Property]
    public void An_IPv4_header_of_theirs_is_read(
        DoNotSize<ulong> addresses, DoNotSize<ulong> fields, byte words, byte[] text)
    {
        (HostAddress source, HostAddress destination) = Pair(addresses.Item);
        int header = Ipv4Header.Size + (words % 11 * 4); // with options up to the longest header
        byte[] bytes = [.. new byte[header], .. text];
        bytes[0] = (byte)(0x40 | header / 4);
        BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(2), (ushort)bytes.Length);
        var packet = new Theirs.IPv4Packet(new ByteArraySegment(bytes))
        {
            SourceAddress = OracleValues.Theirs(source), DestinationAddress = OracleValues.Theirs(destination),
            DifferentiatedServices = (byte)fields.Item, TimeToLive = (byte)(fields.Item >> 8),
            Id = (ushort)(fields.Item >> 16), FragmentFlags = (int)(fields.Item >> 32) & 3,
            FragmentOffset = (int)(fields.Item >> 34) & 0x1fff, Protocol = Theirs.ProtocolType.Tcp,
        };
        packet.UpdateIPChecksum();

        Assert.True(Ipv4Header.TryParse(bytes, out Ipv4Header read));
        Assert.True(read.HasValidChecksum, "PacketDotNet's checksum is taken for wrong.");
        Assert.Equal(source, read.Source);
        Assert.Equal(destination, read.Destination);
        Assert.Equal((byte)fields.Item, read.TrafficClass);
        Assert.Equal((byte)(fields.Item >> 8), read.TimeToLive);
        Assert.Equal((ushort)(fields.Item >> 16), read.Id);
        Assert.Equal((fields.Item >> 32 & 1) != 0, read.MoreFragments);
        Assert.Equal((fields.Item >> 33 & 1) != 0, read.DontFragment);
        Assert.Equal(((int)(fields.Item >> 34) & 0x1fff) * 8, read.FragmentOffset);
        Assert.Equal(IpProtocol.Tcp, read.Protocol);
        Assert.Equal(header, read.HeaderLength);
        Assert.Equal(text, read.Payload.ToArray());
    }

    [Property]
    public void An_IPv6_packet_of_theirs_is_read(
        DoNotSize<ulong> source, DoNotSize<ulong> destination, DoNotSize<ulong> fields, byte[] text)
    {
        var from = new HostAddress(0x2001_0db8_0000_0000UL | (source.Item >> 32), source.Item);
        var to = new HostAddress(0x2001_0db8_0000_0000UL | (destination.Item >> 32), destination.Item);
        var packet = new Theirs.IPv6Packet(OracleValues.Theirs(from), OracleValues.Theirs(to))
        {
            TrafficClass = (byte)fields.Item, FlowLabel = (int)(fields.Item >> 8) & 0xfffff,
            HopLimit = (byte)(fields.Item >> 32), PayloadDataSegment = new ByteArraySegment(text),
            NextHeader = Theirs.ProtocolType.Udp, PayloadLength = (ushort)text.Length,
        };

        Assert.True(IpPacket.TryParse(packet.Bytes, out IpPacket read));
        Assert.Equal((IpFamily.V6, from, to), (read.Family, read.Source, read.Destination));
        Assert.Equal((byte)fields.Item, read.TrafficClass);
        Assert.Equal((byte)(fields.Item >> 32), read.HopLimit);
        Assert.Equal((IpProtocol.Udp, 40), (read.Protocol, read.HeaderLength));
        Assert.Equal(text, read.Payload.ToArray());
    }

    [Property]
    public void An_ICMP_message_of_theirs_is_read(
        byte type, byte code, DoNotSize<ushort> identifier, DoNotSize<ushort> number, byte[] body)
    {
        byte[] bytes = [.. new byte[IcmpMessage.HeaderSize], .. body];
        var message = new Theirs.IcmpV4Packet(new ByteArraySegment(bytes))
        {
            TypeCode = (Theirs.IcmpV4TypeCode)(type << 8 | code), Id = identifier.Item, Sequence = number.Item,
        };
        message.UpdateIcmpChecksum();

        Assert.True(IcmpMessage.TryParse(bytes, out IcmpMessage read));
        Assert.True(read.HasValidChecksum, "PacketDotNet's checksum is taken for wrong.");
        Assert.Equal((IcmpType)type, read.Type);
        Assert.Equal(code, read.Code);
        Assert.Equal(identifier.Item, read.Identifier);
        Assert.Equal(number.Item, read.SequenceNumber);
        Assert.Equal(number.Item, read.NextHopMtu);
        Assert.Equal(body, read.Body.ToArray());
    }

    [Property(MaxTest = 1000)]
    public void A_segment_of_theirs_is_read(
        DoNotSize<ulong> addresses, DoNotSize<ulong> numbers, DoNotSize<ulong> fields, byte choice,
        DoNotSize<ulong> values, byte[] text)
    {
        (HostAddress source, HostAddress destination) = Pair(addresses.Item);
        TcpOptions options = Options(choice, values.Item);
        List<TcpOption> theirs = Write(ref options);
        int length = theirs.Sum(option => option.Bytes.Length);
        byte[] bytes = [.. new byte[TcpSegment.HeaderSize + ((length + 3) / 4 * 4)], .. text];
        bytes[12] = (byte)((bytes.Length - text.Length) / 4 << 4);
        var segment = new Theirs.TcpPacket(new ByteArraySegment(bytes))
        {
            SourcePort = (ushort)fields.Item, DestinationPort = (ushort)(fields.Item >> 16),
            SequenceNumber = (uint)numbers.Item, AcknowledgmentNumber = (uint)(numbers.Item >> 32),
            Flags = (ushort)(fields.Item >> 55), WindowSize = (ushort)(fields.Item >> 32), // nonce sum included
            UrgentPointer = (ushort)(fields.Item >> 39), OptionsCollection = theirs,
        };
        var packet = new Theirs.IPv4Packet(OracleValues.Theirs(source), OracleValues.Theirs(destination))
        {
            PayloadPacket = segment,
        };
        segment.UpdateTcpChecksum();
        packet.UpdateIPChecksum();

        Assert.True(Ipv4Header.TryParse(packet.Bytes, out Ipv4Header ip));
        Assert.True(ip.HasValidChecksum, "PacketDotNet's IPv4 checksum is taken for wrong.");
        Assert.True(
            InternetChecksum.IsTransportValid(ip.Source, ip.Destination, ip.Protocol, ip.Payload),
            "PacketDotNet's TCP checksum is taken for wrong.");
        Assert.True(TcpSegment.TryParse(ip.Payload, out TcpSegment read));
        Assert.Equal((ushort)fields.Item, read.SourcePort);
        Assert.Equal((ushort)(fields.Item >> 16), read.DestinationPort);
        Assert.Equal((uint)numbers.Item, read.Seq.Value);
        Assert.Equal((uint)(numbers.Item >> 32), read.Ack.Value);
        Assert.Equal((TcpFlags)(byte)(fields.Item >> 55), read.Flags);
        Assert.Equal((ushort)(fields.Item >> 32), read.Window.Value);
        Assert.Equal((ushort)(fields.Item >> 39), read.UrgentPointer);
        Assert.Equal(text, read.Text.ToArray());
        Assert.False(read.HasBrokenOptions);
        Assert.Equal(Words(options, options.SackCount), Words(read.Options, SackBlocks.MaxBlocks));
    }

    // PacketDotNet has no way to set an echoed timestamp or the edges of blocks: those octets are ours.
    private static List<TcpOption> Write(ref TcpOptions options)
    {
        var written = new List<TcpOption>();
        if (options.HasMss)
            written.Add(new MaximumSegmentSizeOption(Header(2, 4), 0, 4) { Value = options.Mss });
        if (options.HasTimestamps)
        {
            byte[] stamps = Header(8, 10);
            BinaryPrimitives.WriteUInt32BigEndian(stamps.AsSpan(6), options.TsEcr);
            written.Add(new TimeStampOption(stamps, 0, 10) { Value = options.TsVal });
        }

        if (options.SackPermitted)
            written.Add(new SelectiveAcknowledgmentPermittedOption(Header(4, 2), 0, 2));
        if (options.HasWindowScale)
            written.Add(new WindowScaleFactorOption(Header(3, 3, options.WindowScale.Shift), 0, 3));
        written.Add(new NoOperationOption(Header(1), 0, 1));
        int room = TcpOptions.MaxBytes - written.Sum(option => option.Bytes.Length) - 2;
        options.SackCount = Math.Min(options.SackCount, room / 8);
        if (options.SackCount > 0)
            written.Add(Blocks(options));
        return written;
    }

    private static SelectiveAcknowledgmentOption Blocks(in TcpOptions options)
    {
        int length = 2 + (options.SackCount * 8);
        byte[] bytes = Header(5, length);
        for (int i = 0; i < options.SackCount; i++)
        {
            BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(2 + (i * 8)), options.Sack[i].Left.Value);
            BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(6 + (i * 8)), options.Sack[i].Right.Value);
        }

        return new SelectiveAcknowledgmentOption(bytes, 0, length);
    }

    /// <summary>Kind, length and what follows; as long as the length says.</summary>
    private static byte[] Header(params int[] octets)
    {
        byte[] bytes = new byte[octets.Length > 1 ? octets[1] : 1];
        for (int i = 0; i < octets.Length; i++)
            bytes[i] = (byte)octets[i];
        return bytes;
    }
}
