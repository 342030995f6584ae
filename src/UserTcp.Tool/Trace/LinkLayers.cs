using System.Buffers.Binary;

namespace UserTcp.Tool.Trace;

/// <summary>
/// Finds the IP packet of a frame, below whatever headers. Each header is read in its turn, at most
/// <see cref="MaxHeaders"/> of them; a frame of nothing but tags ends there.
/// </summary>
internal ref struct LinkLayers
{
    private const int MaxHeaders = 64;
    private const int EthernetHeader = 14;

    private ReadOnlySpan<byte> _frame;
    private ReadOnlySpan<byte> _rest;
    private List<FrameHeader>? _headers;
    private Layer _next;
    private int _number; // of the layer that is next: an Ethernet type, a link type, a PPP protocol
    private Obstacle _obstacle;

    private enum Layer
    {
        Link,
        Ethernet,
        EtherType,
        Logical,
        Ppp,
        PppProtocol,
        PppoeSession,
        Mpls,
        Ip,
        None,
    }

    /// <summary>Finds the packet; empty if there is none.</summary>
    /// <param name="link">The frame's first header.</param>
    /// <param name="frame">The part of the frame that was kept.</param>
    /// <param name="headers">Takes the headers on the way; null if nobody asks.</param>
    /// <param name="obstacle">Why there is none.</param>
    public static ReadOnlySpan<byte> FindPacket(
        LinkType link, ReadOnlySpan<byte> frame, List<FrameHeader>? headers, out Obstacle obstacle) =>
        new LinkLayers
        {
            _frame = frame, _rest = frame, _headers = headers, _next = Layer.Link, _number = (int)link,
        }.Find(out obstacle);

    /// <summary>The same behind a header that names an Ethernet type, as that of GRE does.</summary>
    public static ReadOnlySpan<byte> FindPacket(
        int etherType, ReadOnlySpan<byte> frame, ReadOnlySpan<byte> rest, List<FrameHeader>? headers,
        out Obstacle obstacle) =>
        new LinkLayers
        {
            _frame = frame, _rest = rest, _headers = headers, _next = Layer.EtherType, _number = etherType,
        }.Find(out obstacle);

    private ReadOnlySpan<byte> Find(out Obstacle obstacle)
    {
        for (int i = 0; i < MaxHeaders && _next is not (Layer.Ip or Layer.None); i++)
            Step();

        bool isFound = _next == Layer.Ip && _rest.Length > 0;
        obstacle = _next switch
        {
            Layer.None => _obstacle,
            Layer.Ip => Obstacle.Cut,
            _ => Obstacle.Malformed,
        };
        return isFound ? _rest : default;
    }

    private void Step()
    {
        switch (_next)
        {
            case Layer.Link:
                ReadLink((LinkType)_number);
                break;
            case Layer.Ethernet:
                if (TryTake(EthernetHeader, HeaderKind.Ethernet, out ReadOnlySpan<byte> header))
                    Go(Layer.EtherType, Short(header[12..]));
                break;
            case Layer.EtherType:
                ReadEtherType();
                break;
            case Layer.Logical:
                ReadLogical();
                break;
            case Layer.Ppp:
                ReadPpp();
                break;
            case Layer.PppProtocol:
                ReadPppProtocol();
                break;
            case Layer.PppoeSession:
                if (TryTake(6, HeaderKind.Pppoe, out _))
                    Go(Layer.Ppp);
                break;
            case Layer.Mpls:
                ReadMpls();
                break;
        }
    }

    private void ReadLink(LinkType link)
    {
        switch (link)
        {
            case LinkType.Ethernet:
                Go(Layer.Ethernet);
                break;
            case LinkType.Raw or LinkType.RawBsd or LinkType.RawOpenBsd or LinkType.Ipv4 or LinkType.Ipv6:
                Go(Layer.Ip);
                break;
            case LinkType.Null or LinkType.Loop:
                Skip(4, Layer.Ip); // the address family, whose numbers differ by system: the packet's version decides
                break;
            case LinkType.Encrypted:
                Skip(12, Layer.Ip);
                break;
            case LinkType.PfLog:
                Skip(_rest.Length > 0 ? _rest[0] + 3 & ~3 : 1, Layer.Ip); // its first octet is its length
                break;
            case LinkType.LinuxCooked:
                if (TryTake(16, HeaderKind.LinuxCooked, out ReadOnlySpan<byte> cooked))
                    GoCooked(Short(cooked[14..]));
                break;
            case LinkType.LinuxCooked2:
                if (TryTake(20, HeaderKind.LinuxCooked2, out cooked))
                    GoCooked(Short(cooked));
                break;
            case LinkType.NetfilterLog:
                ReadNetfilterLog();
                break;
            case LinkType.AtmLlc:
                Go(Layer.Logical);
                break;
            case LinkType.CiscoHdlc:
                ReadCiscoHdlc();
                break;
            case LinkType.Ppi:
                ReadPpi();
                break;
            default:
                ReadPppLink(link);
                break;
        }
    }

    private void ReadPppLink(LinkType link)
    {
        switch (link)
        {
            case LinkType.Ppp:
                Go(Layer.Ppp);
                break;
            case LinkType.PppSerial when _rest.Length > 0 && _rest[0] is 0x0F or 0x8F:
                ReadCiscoHdlc();
                break;
            case LinkType.PppSerial:
                Go(Layer.Ppp);
                break;
            case LinkType.PppOverEthernet:
                Go(Layer.PppoeSession);
                break;
            case LinkType.PppDaemon:
                Skip(2, Layer.Ppp); // a direction in place of the address, and the control field
                break;
            case LinkType.PppWithDirection:
                Skip(1, Layer.Ppp);
                break;
            default:
                End(new Obstacle(ObstacleKind.LinkType, (int)link));
                break;
        }
    }

    // Linux has numbers below those of Ethernet types for frames of IEEE 802.3.
    private void GoCooked(int protocol) => Go(protocol == 4 ? Layer.Logical : Layer.EtherType, protocol);

    private void ReadEtherType()
    {
        switch (_number)
        {
            case 0x0800 or 0x86DD:
                Go(Layer.Ip);
                break;
            case 0x8100 or 0x88A8 or 0x9100 or 0x9200 or 0x9300: // VLAN: tag and type
                if (TryTake(4, HeaderKind.Vlan, out ReadOnlySpan<byte> tag))
                    Go(Layer.EtherType, Short(tag[2..]));
                break;
            case 0x8926: // VN-Tag
                if (TryTake(6, out tag))
                    Go(Layer.EtherType, Short(tag[4..]));
                break;
            case 0x88E7: // IEEE 802.1ah: a service's number, and a whole frame
                Skip(4, Layer.Ethernet);
                break;
            case 0x6558: // bridged Ethernet
                Go(Layer.Ethernet);
                break;
            case 0x8864:
                Go(Layer.PppoeSession);
                break;
            case 0x880B:
                Go(Layer.Ppp);
                break;
            case 0x8847 or 0x8848:
                Go(Layer.Mpls);
                break;
            case <= 1500: // IEEE 802.3: a length
                Go(Layer.Logical);
                break;
            default:
                Record(HeaderKind.EtherType, _rest, _number);
                End(new Obstacle(ObstacleKind.EtherType, _number));
                break;
        }
    }

    // IEEE 802.2 with SNAP, whose organization 0 means Ethernet types; or with IP's own service access point.
    private void ReadLogical()
    {
        if (!TryTake(3, out ReadOnlySpan<byte> header))
            return;

        if (header is [0xAA, 0xAA, 0x03])
        {
            if (TryTake(5, out ReadOnlySpan<byte> snap))
                Go(Layer.EtherType, Short(snap[3..]));
        }
        else if (header is [0x06, 0x06, 0x03])
        {
            Go(Layer.Ip);
        }
        else
        {
            End(new Obstacle(ObstacleKind.ServicePoint, header[0]));
        }
    }

    private void ReadCiscoHdlc()
    {
        if (TryTake(4, out ReadOnlySpan<byte> header))
            Go(Layer.EtherType, Short(header[2..]));
    }

    // Address, control and the protocol's first octet may each be left out.
    private void ReadPpp()
    {
        if (_rest is [0xFF, 0x03, ..])
            _rest = _rest[2..];
        int octets = _rest.Length > 0 && (_rest[0] & 1) != 0 ? 1 : 2;
        if (TryTake(octets, out ReadOnlySpan<byte> protocol))
            Go(Layer.PppProtocol, octets == 1 ? protocol[0] : Short(protocol));
    }

    private void ReadPppProtocol()
    {
        switch (_number)
        {
            case 0x0021 or 0x0057:
                Go(Layer.Ip);
                break;
            case 0x0281 or 0x0283:
                Go(Layer.Mpls);
                break;
            default:
                End(new Obstacle(ObstacleKind.PppProtocol, _number));
                break;
        }
    }

    // Labels do not tell their content. It is IP if its first half octet is a version, and else bridged Ethernet,
    // behind a control word, which begins with four zero bits, or without one.
    private void ReadMpls()
    {
        if (!TryTake(4, HeaderKind.Mpls, out ReadOnlySpan<byte> label) || (label[2] & 1) == 0)
            return; // not the last label: the next step reads another one

        if (_rest.Length > 0 && (_rest[0] >> 4) is 4 or 6)
            Go(Layer.Ip);
        else if (_rest.Length > 4 && _rest[0] >> 4 == 0 && !HasEtherType(_rest) && HasEtherType(_rest[4..]))
            Skip(4, Layer.Ethernet);
        else
            Go(Layer.Ethernet);
    }

    private static bool HasEtherType(ReadOnlySpan<byte> frame) => frame.Length >= EthernetHeader
        && Short(frame[12..]) is (0x0800 or 0x86DD or 0x8100 or 0x88A8 or 0x8847 or 0x8864);

    // Attributes as netlink has them, in the byte order of the machine that captured; number 9 is the packet.
    private void ReadNetfilterLog()
    {
        const int packet = 9;
        if (!TryTake(4, out _))
            return;

        foreach (bool isBig in (ReadOnlySpan<bool>)[false, true])
        {
            ReadOnlySpan<byte> rest = _rest;
            while (rest.Length >= 4)
            {
                int length = CaptureFile.Short(rest, isBig);
                int type = CaptureFile.Short(rest[2..], isBig) & 0x3FFF;
                if (length < 4 || type == packet)
                {
                    if (type == packet && length > 4)
                    {
                        _rest = rest[4..Math.Min(length, rest.Length)];
                        Go(Layer.Ip);
                        return;
                    }

                    break;
                }

                rest = rest[Math.Min(rest.Length, length + 3 & ~3)..];
            }
        }

        End(Obstacle.Malformed);
    }

    // Fields of the radio or the host, then a frame of the type that it names.
    private void ReadPpi()
    {
        if (_rest.Length < 8)
        {
            End(Obstacle.Cut);
            return;
        }

        int length = BinaryPrimitives.ReadUInt16LittleEndian(_rest[2..]);
        uint link = BinaryPrimitives.ReadUInt32LittleEndian(_rest[4..]);
        if (length < 8 || link > int.MaxValue || link == (int)LinkType.Ppi)
            End(Obstacle.Malformed);
        else
            Skip(length, Layer.Link, (int)link);
    }

    private void Go(Layer layer, int number = 0) => (_next, _number) = (layer, number);

    private void Skip(int octets, Layer layer, int number = 0)
    {
        if (TryTake(octets, out _))
            Go(layer, number);
    }

    private void End(Obstacle obstacle) => (_next, _obstacle) = (Layer.None, obstacle);

    private readonly void Record(HeaderKind kind, ReadOnlySpan<byte> header, int number = 0) =>
        _headers?.Add(FrameHeader.At(_frame, header, kind, number));

    private bool TryTake(int octets, HeaderKind kind, out ReadOnlySpan<byte> header)
    {
        bool isTaken = TryTake(octets, out header);
        if (isTaken)
            Record(kind, header);
        return isTaken;
    }

    private bool TryTake(int octets, out ReadOnlySpan<byte> header)
    {
        header = default;
        if (_rest.Length < octets)
        {
            End(Obstacle.Cut);
            return false;
        }

        header = _rest[..octets];
        _rest = _rest[octets..];
        return true;
    }

    private static int Short(ReadOnlySpan<byte> bytes) => BinaryPrimitives.ReadUInt16BigEndian(bytes);
}
