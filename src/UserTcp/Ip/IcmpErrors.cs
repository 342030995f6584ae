using System.Buffers.Binary;
using UserTcp.Diagnostics;
using UserTcp.Primitives;
using UserTcp.Wire;

namespace UserTcp.Ip;

/// <summary>The meaning of an ICMP error for a transport (RFC 1122 §3.2.2.1, §4.2.3.9).</summary>
internal enum IcmpErrorKind : byte
{
    /// <summary>Soft: the route may come back.</summary>
    NetworkUnreachable,

    /// <summary>Soft.</summary>
    HostUnreachable,

    /// <summary>Hard.</summary>
    ProtocolUnreachable,

    /// <summary>Hard.</summary>
    PortUnreachable,

    /// <summary>
    /// A filter on the way forbids it (RFC 1812 §5.2.7.1, after RFC 1122 sorted the others). Hard while there is no
    /// connection, since trying again changes nothing; else soft.
    /// </summary>
    Prohibited,

    /// <summary>Not an error but the path's MTU (RFC 1191 §3).</summary>
    FragmentationNeeded,

    /// <summary>Soft.</summary>
    SourceRouteFailed,

    /// <summary>Soft.</summary>
    TimeExceeded,

    /// <summary>Soft.</summary>
    ParameterProblem,
}

/// <summary>
/// An ICMP error about a packet that we are said to have sent; whether we did, only its connection can tell.
/// </summary>
internal readonly record struct IcmpReport
{
    public required IcmpErrorKind Kind { get; init; }

    /// <summary>The transport of the quoted packet.</summary>
    public required IpProtocol Protocol { get; init; }

    /// <summary>The quoted packet's flow, its sender as the local side; ports are meaningful for TCP and UDP.</summary>
    public required FlowKey Flow { get; init; }

    /// <summary>
    /// The second word behind the quoted header: a segment's SEQ, an echo's identifier and sequence number.
    /// </summary>
    public required uint QuotedWord { get; init; }

    /// <summary>The quoted packet's total length.</summary>
    public required int QuotedLength { get; init; }

    /// <summary>Of <see cref="IcmpErrorKind.FragmentationNeeded"/>; 0 from an old router.</summary>
    public int NextHopMtu { get; init; }

    /// <summary>SEQ of the quoted segment, to be checked against what is in flight (RFC 5927 §4.1).</summary>
    public SeqNumber QuotedSeq => new(QuotedWord);
}

/// <summary>Reads and writes ICMP errors.</summary>
internal static class IcmpErrors
{
    /// <summary>The size of the longest error, which quotes as much as fits (RFC 1812 §4.3.2.3).</summary>
    public static int MaxPacketBytes => IpFamily.V4.SafeMtu;

    private const int QuotedTransportBytes = 8;
    private const byte ReassemblyTimeExceeded = 1;

    /// <summary>
    /// Takes an error apart. Source quench (RFC 9293 §3.9.2.2, MUST-55) and redirects are ignored, as is what is
    /// unknown.
    /// </summary>
    public static PacketDropReason Classify(in IcmpMessage message, RoutingTable routes, out IcmpReport report)
    {
        report = default;
        if (!TryFindKind(message, out IcmpErrorKind kind))
            return PacketDropReason.IgnoredIcmp;
        if (!Ipv4Header.TryParseQuote(message.Body, out Ipv4Header quote)
            || quote.Payload.Length < QuotedTransportBytes)
        {
            return PacketDropReason.Malformed;
        }

        // We send no fragments; and a quote of another's packet is none of our business.
        if (quote.FragmentOffset != 0 || !routes.IsUnicast(quote.Source) || !routes.IsUnicast(quote.Destination))
            return PacketDropReason.UnsolicitedIcmp;

        report = Describe(kind, quote, message.Body, message.NextHopMtu);
        return PacketDropReason.None;
    }

    /// <summary>
    /// Whether a packet may be answered by an ICMP error (RFC 1122 §3.2.2): not an ICMP error, not sent to many, not a
    /// later fragment, not from an address that is no single host.
    /// </summary>
    public static bool MayAnswer(in IpPacket offending, RoutingTable routes, bool viaLinkBroadcast)
    {
        if (viaLinkBroadcast || offending.FragmentOffset != 0)
            return false;
        if (!routes.IsUnicast(offending.Source) || routes.IsLocal(offending.Source))
            return false;
        if (offending.Destination.IsMulticast || routes.IsBroadcast(offending.Destination))
            return false;

        // A type that cannot be read may have been an error.
        return offending.Protocol != IpProtocol.Icmp
            || offending.Payload.Length > 0 && !IcmpMessage.IsErrorType((IcmpType)offending.Payload[0]);
    }

    /// <summary>Which "unreachable" answers a packet that nobody here takes (RFC 1122 §3.2.2.1).</summary>
    public static IcmpUnreachableCode CodeFor(IpProtocol protocol) =>
        protocol is IpProtocol.Udp or IpProtocol.Tcp ? IcmpUnreachableCode.Port : IcmpUnreachableCode.Protocol;

    /// <summary>
    /// Writes a destination unreachable as an IP packet, from the address that the offending packet was sent to.
    /// </summary>
    /// <returns>The length of the packet, at most <see cref="MaxPacketBytes"/>, for which there must be room.</returns>
    public static int WriteUnreachable(Span<byte> packet, in IpPacket offending, IcmpUnreachableCode code) =>
        WriteUnreachable(packet, offending, code, offending.Destination);

    /// <summary>
    /// The same, from another address: a router's own, when it answers for a host beyond (RFC 1812 §4.3.2.4).
    /// </summary>
    public static int WriteUnreachable(
        Span<byte> packet, in IpPacket offending, IcmpUnreachableCode code, HostAddress from) =>
        Write(packet, IcmpType.DestinationUnreachable, (byte)code, offending, from);

    /// <summary>Writes a time exceeded for a datagram whose fragments did not all come (RFC 1122 §3.3.2).</summary>
    /// <returns>The length of the packet, at most <see cref="MaxPacketBytes"/>, for which there must be room.</returns>
    public static int WriteReassemblyTimeExceeded(Span<byte> packet, in IpPacket firstFragment) =>
        Write(packet, IcmpType.TimeExceeded, ReassemblyTimeExceeded, firstFragment, firstFragment.Destination);

    private static int Write(
        Span<byte> packet, IcmpType type, byte code, in IpPacket offending, HostAddress from)
    {
        const int overhead = Ipv4Header.Size + IcmpMessage.HeaderSize;
        ReadOnlySpan<byte> quote = offending.Packet[..Math.Min(offending.TotalLength, MaxPacketBytes - overhead)];
        var fields = new Ipv4Fields(from, offending.Source, IpProtocol.Icmp, overhead + quote.Length);
        Ipv4Header.Write(packet, fields);
        return Ipv4Header.Size + IcmpMessage.WriteError(packet[Ipv4Header.Size..], type, code, 0, quote);
    }

    private static IcmpReport Describe(IcmpErrorKind kind, in Ipv4Header quote, ReadOnlySpan<byte> body, int nextHopMtu)
    {
        ReadOnlySpan<byte> transport = quote.Payload;
        return new IcmpReport
        {
            Kind = kind,
            Protocol = quote.Protocol,
            Flow = new FlowKey(
                quote.Source,
                BinaryPrimitives.ReadUInt16BigEndian(transport),
                quote.Destination,
                BinaryPrimitives.ReadUInt16BigEndian(transport[2..])),
            QuotedWord = BinaryPrimitives.ReadUInt32BigEndian(transport[4..]),
            QuotedLength = BinaryPrimitives.ReadUInt16BigEndian(body[2..]),
            NextHopMtu = kind == IcmpErrorKind.FragmentationNeeded ? nextHopMtu : 0,
        };
    }

    private static bool TryFindKind(in IcmpMessage message, out IcmpErrorKind kind)
    {
        kind = IcmpErrorKind.TimeExceeded;
        switch (message.Type)
        {
            case IcmpType.DestinationUnreachable:
                return TryFindKind((IcmpUnreachableCode)message.Code, out kind);
            case IcmpType.TimeExceeded:
                return message.Code <= ReassemblyTimeExceeded;
            case IcmpType.ParameterProblem:
                kind = IcmpErrorKind.ParameterProblem;
                return true;
            default:
                return false;
        }
    }

    // RFC 1122 §3.2.2.1: codes 6 to 12 say more exactly what 0 and 1 say; 13 to 15 are RFC 1812 §5.2.7.1's.
    private static bool TryFindKind(IcmpUnreachableCode code, out IcmpErrorKind kind)
    {
        kind = code switch
        {
            IcmpUnreachableCode.Network or IcmpUnreachableCode.NetworkUnknown
                or IcmpUnreachableCode.NetworkTypeOfService => IcmpErrorKind.NetworkUnreachable,
            IcmpUnreachableCode.NetworkProhibited or IcmpUnreachableCode.HostProhibited
                or IcmpUnreachableCode.AdministrativelyProhibited => IcmpErrorKind.Prohibited,
            IcmpUnreachableCode.Protocol => IcmpErrorKind.ProtocolUnreachable,
            IcmpUnreachableCode.Port => IcmpErrorKind.PortUnreachable,
            IcmpUnreachableCode.FragmentationNeeded => IcmpErrorKind.FragmentationNeeded,
            IcmpUnreachableCode.SourceRouteFailed => IcmpErrorKind.SourceRouteFailed,
            _ => IcmpErrorKind.HostUnreachable,
        };
        return code <= IcmpUnreachableCode.PrecedenceCutoff;
    }
}
