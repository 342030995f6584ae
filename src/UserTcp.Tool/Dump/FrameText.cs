using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using PacketDotNet;
using UserTcp.Tool.Trace;

namespace UserTcp.Tool.Dump;

/// <summary>A frame as a line of text, in tcpdump's words; with details, as two.</summary>
/// <param name="names">The names of hosts and ports.</param>
/// <param name="isVerbose">Whether the fields of IP headers and checksums are shown.</param>
/// <param name="showsLink">Whether the headers of the link are shown.</param>
internal sealed class FrameText(NameBook names, bool isVerbose, bool showsLink)
{
    private const int Tcp = 6, Udp = 17, Icmp = 1, IcmpV6 = 58;
    private const int ArpType = 0x0806, MinArpBytes = 28, UdpHeader = 8;

    private readonly SequenceBook _sequences = new();

    /// <summary>The text behind the time, without control characters but for the line break of details.</summary>
    public async ValueTask<string> OfAsync(
        CapturedFrame frame, DecodedFrame decoded, CancellationToken cancellationToken)
    {
        try
        {
            var text = new StringBuilder();
            foreach (DecodedHeader header in decoded.Headers)
            {
                await AppendAsync(text, header, frame, decoded, cancellationToken);
            }

            if (decoded.Headers.Count == 0 || decoded.Headers[^1].Kind != HeaderKind.EtherType)
                await AppendEndAsync(text, frame, decoded, cancellationToken);
            return text.ToString();
        }
        catch (Exception error) when (Obstacle.IsOf(error))
        {
            return $"[{Obstacle.Undecoded}], length {frame.WireLength}"; // by PacketDotNet, on a stranger's bytes
        }
    }

    private async ValueTask AppendAsync(
        StringBuilder text, DecodedHeader header, CapturedFrame frame, DecodedFrame decoded,
        CancellationToken cancellationToken)
    {
        switch (header.Packet)
        {
            case IPPacket ip:
                await AppendIpAsync(text, header, ip, decoded, cancellationToken);
                break;
            case PppoePacket pppoe:
                text.Append(CultureInfo.InvariantCulture, $"PPPoE [ses 0x{pppoe.SessionId:x}] ");
                break;
            case { } packet when showsLink:
                text.Append(LinkText.Of(packet, frame));
                break;
            case null when header.Kind == HeaderKind.Mpls:
                text.Append("MPLS, ");
                break;
            case null when header.Kind == HeaderKind.Gre:
                text.Append(CultureInfo.InvariantCulture, $"GREv0, length {header.Number}: ");
                break;
            case null when header.Kind == HeaderKind.EtherType:
                text.Append(EtherTypeText(header.Number, decoded.Packet.Span, frame));
                break;
        }
    }

    private async ValueTask AppendIpAsync(
        StringBuilder text, DecodedHeader header, IPPacket ip, DecodedFrame decoded,
        CancellationToken cancellationToken)
    {
        text.Append(header.Kind == HeaderKind.Ipv6 ? "IP6 " : "IP ");
        if (isVerbose)
            text.Append(IpFields(header, ip, decoded));
        string source = await names.HostAsync(ip.SourceAddress, cancellationToken);
        string destination = await names.HostAsync(ip.DestinationAddress, cancellationToken);
        (string from, string to) = ReferenceEquals(ip, decoded.Ip) ? PortsOf(decoded) : ("", "");
        text.Append(ToolTextOf(source)).Append(from).Append(" > ").Append(ToolTextOf(destination)).Append(to)
            .Append(": ");
    }

    // Names come from a server that strangers may run.
    private static string ToolTextOf(string name) => Terminal.ToolOutput.Clean(name);

    private static string IpFields(DecodedHeader header, IPPacket ip, DecodedFrame decoded)
    {
        string protocol = ReferenceEquals(ip, decoded.Ip) ? $" {ProtocolName(decoded.Protocol)} ({decoded.Protocol})"
            : $" {ProtocolName((int)ip.Protocol)} ({(int)ip.Protocol})";
        return ip switch
        {
            IPv4Packet v4 => string.Create(CultureInfo.InvariantCulture,
                $"(tos 0x{v4.TypeOfService:x}, ttl {v4.TimeToLive}, id {v4.Id}, "
                + $"offset {(v4.FragmentOffset & 0x1FFF) * 8}, flags [{FragmentFlags(v4.FragmentFlags)}], proto{protocol}, length {v4.TotalLength})\n    "),
            IPv6Packet v6 => string.Create(CultureInfo.InvariantCulture,
                $"(class 0x{v6.TrafficClass:x2}, flowlabel 0x{v6.FlowLabel:x5}, hlim {v6.HopLimit}, "
                + $"next-header{protocol} payload length: {header.Number}) "),
            _ => "",
        };
    }

    private static string FragmentFlags(int flags) => (flags & 3) switch
    {
        1 => "+",
        2 => "DF",
        3 => "+, DF",
        _ => "none",
    };

    private (string From, string To) PortsOf(DecodedFrame decoded)
    {
        bool hasPorts = decoded.Obstacle.Kind != ObstacleKind.Fragment && decoded.Protocol is Tcp or Udp;
        if (!hasPorts || decoded.Obstacle == Obstacle.Fragment || decoded.Content.Length < 4)
            return ("", "");

        string protocol = decoded.Protocol == Tcp ? "tcp" : "udp";
        ReadOnlySpan<byte> content = decoded.Content.Span;
        return ("." + names.Port(BinaryPrimitives.ReadUInt16BigEndian(content), protocol),
            "." + names.Port(BinaryPrimitives.ReadUInt16BigEndian(content[2..]), protocol));
    }

    private async ValueTask AppendEndAsync(
        StringBuilder text, CapturedFrame frame, DecodedFrame decoded, CancellationToken cancellationToken)
    {
        int length = decoded.ContentLength;
        if (decoded.Ip is not { } ip || decoded.Obstacle == Obstacle.Undecoded)
        {
            text.Append(CultureInfo.InvariantCulture, $"[{decoded.Obstacle}], length {frame.WireLength}");
        }
        else if (decoded.Obstacle == Obstacle.Fragment)
        {
            text.Append(CultureInfo.InvariantCulture, $"{ProtocolName(decoded.Protocol)} fragment, length {length}");
        }
        else if (decoded.Protocol == Tcp)
        {
            text.Append(OfTcp(decoded, ip));
        }
        else if (decoded.Protocol == Udp && decoded.Content.Length >= UdpHeader)
        {
            var udp = new UdpPacket(DecodedFrame.SegmentOf(decoded.Content[..UdpHeader]));
            text.Append(CultureInfo.InvariantCulture, $"UDP, length {Math.Max(0, udp.Length - UdpHeader)}");
        }
        else if (decoded.Protocol is Icmp or IcmpV6)
        {
            text.Append(await IcmpText.OfAsync(decoded, names, cancellationToken));
        }
        else
        {
            text.Append(decoded.Obstacle.Kind == ObstacleKind.IpProtocol
                ? string.Create(CultureInfo.InvariantCulture, $"{ProtocolName(decoded.Protocol)}, length {length}")
                : string.Create(CultureInfo.InvariantCulture, $"[{decoded.Obstacle}], length {length}"));
        }
    }

    private string OfTcp(DecodedFrame decoded, IPPacket ip)
    {
        ReadOnlySpan<byte> tcp = decoded.Content.Span;
        TraceSegment? segment = TraceSegment.Parse(
            tcp, decoded.ContentLength, (ip.SourceAddress, ip.DestinationAddress), out Obstacle obstacle);
        if (segment is null)
            return $"[{obstacle}], length {decoded.ContentLength}";

        string checksum = isVerbose ? ChecksumText.Of(ip, tcp, decoded.ContentLength) : "";
        return TcpText.Of(segment, _sequences.Relate(segment), tcp, checksum);
    }

    private static string EtherTypeText(int type, ReadOnlySpan<byte> rest, CapturedFrame frame)
    {
        if (type != ArpType || rest.Length < MinArpBytes || rest[4] != 6 || rest[5] != 4)
        {
            return string.Create(
                CultureInfo.InvariantCulture, $"ethertype {LinkText.EtherType(type)}, length {rest.Length}");
        }

        var arp = new ArpPacket(DecodedFrame.SegmentOf(rest[..MinArpBytes].ToArray()));
        int length = rest.Length + frame.WireLength - frame.Bytes.Length;
        return arp.Operation switch
        {
            ArpOperation.Request => string.Create(CultureInfo.InvariantCulture,
                $"ARP, Request who-has {arp.TargetProtocolAddress} tell {arp.SenderProtocolAddress}, length {length}"),
            ArpOperation.Response => string.Create(CultureInfo.InvariantCulture,
                $"ARP, Reply {arp.SenderProtocolAddress} is-at {LinkText.Mac(arp.SenderHardwareAddress)}, "
                + $"length {length}"),
            var other => string.Create(CultureInfo.InvariantCulture, $"ARP, operation {(int)other}, length {length}"),
        };
    }

    private static string ProtocolName(int protocol) => protocol switch
    {
        Tcp => "TCP",
        Udp => "UDP",
        Icmp => "ICMP",
        IcmpV6 => "ICMPv6",
        _ when Enum.IsDefined((ProtocolType)protocol) => ((ProtocolType)protocol).ToString(),
        _ => string.Create(CultureInfo.InvariantCulture, $"ip-proto-{protocol}"),
    };
}
