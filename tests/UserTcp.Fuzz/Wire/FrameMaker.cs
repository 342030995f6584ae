using System.Buffers.Binary;
using UserTcp.Fuzz.Machine;
using UserTcp.Primitives;
using UserTcp.Wire;

namespace UserTcp.Fuzz.Wire;

/// <summary>
/// Builds frames of the peers, and mends those that were mutated: lengths stay, checksums and text follow.
/// </summary>
internal sealed class FrameMaker(MacAddress stack, bool isEthernet)
{
    private const int MaxBytes = 66_000;

    [ThreadStatic]
    private static byte[]? t_bytes;

    private readonly byte[] _bytes = Scratch.Rent(ref t_bytes, MaxBytes);
    private readonly int _linkHeader = isEthernet ? EthernetHeader.Size : 0;
    private ushort _id;

    /// <summary>A segment of the peer of a flow.</summary>
    public Span<byte> Segment(PeerFlow flow, in SegmentSpec spec)
    {
        Span<byte> header = _bytes.AsSpan(_linkHeader + Ipv4Header.Size);
        int headerLength = TcpSegmentWriter.WriteHeader(
            header, flow.Key.RemotePort, flow.Key.LocalPort, spec.Seq, spec.Ack, spec.Flags,
            new WireWindow(spec.Window), spec.Urgent, spec.Options);
        SeqNumber first = (spec.Flags & TcpFlags.Syn) != 0 ? spec.Seq + 1 : spec.Seq;
        Octets.FillPeers(first, header.Slice(headerLength, spec.TextLength));
        int length = headerLength + spec.TextLength;
        TcpSegmentWriter.WriteChecksum(header[..length], flow.Key.Remote, flow.Key.Local);
        return Packet(flow.Key.Remote, flow.Key.Local, IpProtocol.Tcp, length, spec.TrafficClass);
    }

    /// <summary>An ICMP message whose body is written by who asks for it.</summary>
    public Span<byte> IcmpError(HostAddress from, HostAddress to, IcmpType type, byte code, uint rest, PeerFlow about)
    {
        int length = IcmpMessage.WriteError(
            _bytes.AsSpan(_linkHeader + Ipv4Header.Size), type, code, rest,
            about.LastPacket.AsSpan(0, about.LastPacketLength));
        return Packet(from, to, IpProtocol.Icmp, length, 0);
    }

    public Span<byte> Echo(HostAddress from, HostAddress to, IcmpType type, uint key, int bytes)
    {
        Span<byte> data = stackalloc byte[256];
        data = data[..Math.Min(bytes, 256)];
        data.Fill(1);
        int length = IcmpMessage.WriteEcho(
            _bytes.AsSpan(_linkHeader + Ipv4Header.Size), type, (ushort)(key >> 16), (ushort)key, data);
        return Packet(from, to, IpProtocol.Icmp, length, 0);
    }

    public Span<byte> Arp(in ArpPacket packet, MacAddress to)
    {
        EthernetHeader.Write(_bytes, to, packet.SenderMac, EtherType.Arp);
        packet.WriteTo(_bytes.AsSpan(EthernetHeader.Size));
        return _bytes.AsSpan(0, EthernetHeader.Size + ArpPacket.Size);
    }

    /// <summary>A datagram of a protocol that nobody here speaks.</summary>
    public Span<byte> Datagram(HostAddress from, HostAddress to, byte protocol, int bytes)
    {
        _bytes.AsSpan(_linkHeader + Ipv4Header.Size, bytes).Fill(7);
        return Packet(from, to, (IpProtocol)protocol, bytes, 0);
    }

    /// <summary>Cuts a packet into fragments of so many octets of eight, the last one first if it is said so.</summary>
    public void Fragment(ReadOnlySpan<byte> frame, int eights, bool isReversed, FuzzFragment use)
    {
        if (frame.Length < _linkHeader + Ipv4Header.Size
            || !Ipv4Header.TryParse(frame[_linkHeader..], out Ipv4Header packet))
        {
            return;
        }

        int step = 8 * Math.Max(1, eights);
        int count = Math.Max(1, (packet.Payload.Length + step - 1) / step);
        byte[] piece = new byte[_linkHeader + packet.HeaderLength + step];
        _id++;
        for (int i = 0; i < count; i++)
        {
            int start = (isReversed ? count - 1 - i : i) * step;
            int length = Math.Min(step, packet.Payload.Length - start);
            frame[..(_linkHeader + packet.HeaderLength)].CopyTo(piece);
            packet.Payload.Slice(start, length).CopyTo(piece.AsSpan(_linkHeader + packet.HeaderLength));
            Span<byte> header = piece.AsSpan(_linkHeader, packet.HeaderLength);
            BinaryPrimitives.WriteUInt16BigEndian(header[2..], (ushort)(packet.HeaderLength + length));
            BinaryPrimitives.WriteUInt16BigEndian(header[4..], _id);
            bool isLast = start + length >= packet.Payload.Length;
            BinaryPrimitives.WriteUInt16BigEndian(header[6..], (ushort)(start / 8 | (isLast ? 0 : 0x2000)));
            Sum(header);
            use(piece.AsSpan(0, _linkHeader + packet.HeaderLength + length));
        }
    }

    /// <summary>
    /// Makes a mutated frame worth looking at: text says what it must at its place, and the checksums are right. What
    /// is no packet stays as it is.
    /// </summary>
    public void Mend(Span<byte> frame, bool mendsSums)
    {
        if (frame.Length < _linkHeader + Ipv4Header.Size)
            return;

        Span<byte> packet = frame[_linkHeader..];
        if (!Ipv4Header.TryParse(packet, out Ipv4Header ip))
            return;

        Span<byte> payload = packet[ip.HeaderLength..ip.TotalLength];
        if (ip.Protocol == IpProtocol.Tcp && TcpSegment.TryParse(payload, out TcpSegment segment))
        {
            SeqNumber first = segment.Has(TcpFlags.Syn) ? segment.Seq + 1 : segment.Seq;
            Octets.FillPeers(first, payload[^segment.Text.Length..]);
            if (mendsSums)
            {
                payload[TcpSegment.ChecksumOffset] = payload[TcpSegment.ChecksumOffset + 1] = 0;
                TcpSegmentWriter.WriteChecksum(payload, ip.Source, ip.Destination);
            }
        }
        else if (mendsSums && ip.Protocol == IpProtocol.Icmp && payload.Length >= IcmpMessage.HeaderSize)
        {
            payload[2] = payload[3] = 0;
            BinaryPrimitives.WriteUInt16BigEndian(
                payload[2..], InternetChecksum.Complete(InternetChecksum.Sum(payload)));
        }

        if (mendsSums)
            Sum(packet[..ip.HeaderLength]);
    }

    private static void Sum(Span<byte> header)
    {
        header[10] = header[11] = 0;
        BinaryPrimitives.WriteUInt16BigEndian(header[10..], InternetChecksum.Complete(InternetChecksum.Sum(header)));
    }

    private Span<byte> Packet(HostAddress from, HostAddress to, IpProtocol protocol, int payload, byte trafficClass)
    {
        if (isEthernet)
            EthernetHeader.Write(_bytes, stack, Stations.MacOf(from), EtherType.Ipv4);
        Ipv4Header.Write(_bytes.AsSpan(_linkHeader), new Ipv4Fields(from, to, protocol, Ipv4Header.Size + payload)
        {
            TrafficClass = trafficClass,
            DontFragment = false,
        });
        return _bytes.AsSpan(0, _linkHeader + Ipv4Header.Size + payload);
    }
}

/// <summary>Takes one piece of a packet.</summary>
internal delegate void FuzzFragment(ReadOnlySpan<byte> frame);
