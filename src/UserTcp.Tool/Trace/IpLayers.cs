using System.Buffers.Binary;
using System.Net;

namespace UserTcp.Tool.Trace;

/// <summary>Finds the TCP segment of an IP packet, behind extension headers and inside tunnels.</summary>
internal ref struct IpLayers
{
    private const int MaxHeaders = 32;
    private const int Tcp = 6;
    private const int Ipv4InIp = 4, Ipv6InIp = 41, Gre = 47, Authentication = 51, Destination = 60;
    private const int HopByHop = 0, Routing = 43, Fragments = 44, Mobility = 135, HostIdentity = 139, Shim6 = 140;

    private ReadOnlySpan<byte> _frame;
    private ReadOnlySpan<byte> _rest;
    private List<FrameHeader>? _headers;
    private int _protocol;
    private bool _isDone;
    private Obstacle _obstacle;

    /// <summary>The senders' addresses of the innermost packet.</summary>
    public (IPAddress Source, IPAddress Destination) Hosts { get; private set; }

    /// <summary>The octets behind the IP header, by its own field and not by what was kept.</summary>
    public int Length { get; private set; }

    /// <summary>The octets of them that were kept.</summary>
    public readonly ReadOnlySpan<byte> Segment => _rest;

    /// <summary>The protocol of the last header that was found.</summary>
    public readonly int Protocol => _protocol;

    /// <summary>Finds the segment.</summary>
    /// <param name="frame">The whole frame, as far as it was kept.</param>
    /// <param name="packet">The IP packet in it.</param>
    /// <param name="headers">Takes the headers on the way; null if nobody asks.</param>
    /// <param name="layers">Its addresses and its segment.</param>
    /// <param name="obstacle">Why there is none.</param>
    public static bool TryFind(
        ReadOnlySpan<byte> frame, ReadOnlySpan<byte> packet, List<FrameHeader>? headers, out IpLayers layers,
        out Obstacle obstacle)
    {
        layers = new IpLayers
        {
            _frame = frame, _rest = packet, _headers = headers, _protocol = -1, _obstacle = Obstacle.Malformed,
        };
        layers.ReadPacket();
        for (int i = 0; i < MaxHeaders && !layers._isDone && layers._protocol != Tcp; i++)
            layers.ReadProtocol();

        obstacle = layers._obstacle;
        return !layers._isDone && layers._protocol == Tcp;
    }

    private void ReadPacket()
    {
        switch (_rest.Length > 0 ? _rest[0] >> 4 : 0)
        {
            case 4:
                ReadIpv4();
                break;
            case 6:
                ReadIpv6();
                break;
            default:
                End(_rest.Length == 0 ? Obstacle.Cut : Obstacle.Malformed);
                break;
        }
    }

    private void ReadIpv4()
    {
        ReadOnlySpan<byte> packet = _rest;
        int header = (packet[0] & 0xF) * 4;
        if (header < 20)
            End(Obstacle.Malformed);
        else if (TrySkip(header))
            ReadIpv4(packet, header);
    }

    private void ReadIpv4(ReadOnlySpan<byte> packet, int header)
    {
        if ((BinaryPrimitives.ReadUInt16BigEndian(packet[6..]) & 0x3FFF) != 0)
            End(Obstacle.Fragment);

        // Offloading cards leave 0 there for what is longer than 64 KiB: then what was captured has to do.
        int total = BinaryPrimitives.ReadUInt16BigEndian(packet[2..]);
        Length = total == 0 ? _rest.Length : total - header;
        _protocol = packet[9];
        Hosts = (new IPAddress(packet.Slice(12, 4)), new IPAddress(packet.Slice(16, 4)));
        _headers?.Add(FrameHeader.At(_frame, packet, HeaderKind.Ipv4, Length));
    }

    private void ReadIpv6()
    {
        ReadOnlySpan<byte> packet = _rest;
        if (!TrySkip(40))
            return;

        int length = BinaryPrimitives.ReadUInt16BigEndian(packet[4..]);
        Length = length == 0 ? _rest.Length : length; // 0 for the same reason, or with a jumbo option
        _protocol = packet[6];
        Hosts = (new IPAddress(packet.Slice(8, 16)), new IPAddress(packet.Slice(24, 16)));
        _headers?.Add(FrameHeader.At(_frame, packet, HeaderKind.Ipv6, Length));
    }

    private void ReadProtocol()
    {
        switch (_protocol)
        {
            case HopByHop or Routing or Destination or Mobility or HostIdentity or Shim6:
                ReadExtension(8, 8);
                break;
            case Authentication:
                ReadExtension(8, 4);
                break;
            case Fragments:
                ReadFragment();
                break;
            case Ipv4InIp or Ipv6InIp:
                ReadPacket();
                break;
            case Gre:
                ReadGre();
                break;
            default:
                End(new Obstacle(ObstacleKind.IpProtocol, _protocol));
                break;
        }
    }

    // The next header, and the length in units beyond the first eight octets.
    private void ReadExtension(int least, int unit)
    {
        ReadOnlySpan<byte> header = _rest;
        if (header.Length < 2)
            End(Obstacle.Cut);
        else if (TrySkip(least + header[1] * unit))
            _protocol = header[0];
    }

    // One that is the whole packet is read, as Wireshark does.
    private void ReadFragment()
    {
        ReadOnlySpan<byte> header = _rest;
        if (!TrySkip(8))
            return;

        _protocol = header[0];
        if ((BinaryPrimitives.ReadUInt16BigEndian(header[2..]) & 0xFFF9) != 0)
            End(Obstacle.Fragment);
    }

    // RFC 2784 and RFC 2890: a checksum, a key and a sequence number may be there. Other flags and versions are not
    // read.
    private void ReadGre()
    {
        ReadOnlySpan<byte> header = _rest;
        if (!TrySkip(4))
            return;

        int flags = BinaryPrimitives.ReadUInt16BigEndian(header);
        int more = 4 * ((flags >> 15 & 1) + (flags >> 13 & 1) + (flags >> 12 & 1));
        if ((flags & 0x4FFF) != 0)
            End(new Obstacle(ObstacleKind.IpProtocol, Gre));
        else if (TrySkip(more))
        {
            _headers?.Add(FrameHeader.At(_frame, header, HeaderKind.Gre, Length + 4 + more));
            _rest = LinkLayers.FindPacket(
                BinaryPrimitives.ReadUInt16BigEndian(header[2..]), _frame, _rest, _headers, out _obstacle);
            if (_rest.IsEmpty)
                _isDone = true;
            else
                ReadPacket();
        }
    }

    private void End(Obstacle obstacle) => (_isDone, _obstacle) = (true, obstacle);

    private bool TrySkip(int octets)
    {
        if (_rest.Length < octets)
        {
            End(Obstacle.Cut);
            return false;
        }

        _rest = _rest[octets..];
        Length -= octets;
        return true;
    }
}
