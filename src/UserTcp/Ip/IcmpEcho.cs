using UserTcp.Primitives;
using UserTcp.Wire;

namespace UserTcp.Ip;

/// <summary>Ping, both ways (RFC 792, RFC 1122 §3.2.2.6).</summary>
internal static class IcmpEcho
{
    /// <summary>Headers of an echo packet, in bytes.</summary>
    public const int Overhead = Ipv4Header.Size + IcmpMessage.HeaderSize;

    /// <summary>
    /// Writes the answer to an echo request that was sent to us: from the address it was sent to, with the same data,
    /// cut where the destination ends (RFC 1122 §3.2.2.6: what cannot be fragmented is truncated).
    /// </summary>
    /// <param name="request">The packet that carries the request; its addresses were checked.</param>
    /// <param name="echo">The request; its type, code and checksum were checked.</param>
    /// <param name="packet">Room for the IP packet: as much as one packet on the link may have, at least
    /// <see cref="Overhead"/>.</param>
    /// <returns>The length of the packet.</returns>
    public static int WriteReply(in IpPacket request, in IcmpMessage echo, Span<byte> packet)
    {
        ReadOnlySpan<byte> data = echo.Body[..Math.Min(echo.Body.Length, packet.Length - Overhead)];
        return Write(packet, IcmpType.EchoReply, echo.Identifier, echo.SequenceNumber, data,
            new Ipv4Fields(request.Destination, request.Source, IpProtocol.Icmp, Overhead + data.Length)
            {
                TrafficClass = request.TrafficClass,
            });
    }

    /// <summary>Writes an echo request; answers the length of the packet.</summary>
    public static int WriteRequest(
        Span<byte> packet, HostAddress source, HostAddress destination, ushort identifier, ushort sequenceNumber,
        ReadOnlySpan<byte> data, byte timeToLive = Ipv4Fields.DefaultTimeToLive) =>
        Write(packet, IcmpType.EchoRequest, identifier, sequenceNumber, data,
            new Ipv4Fields(source, destination, IpProtocol.Icmp, Overhead + data.Length) { TimeToLive = timeToLive });

    private static int Write(
        Span<byte> packet, IcmpType type, ushort identifier, ushort sequenceNumber, ReadOnlySpan<byte> data,
        in Ipv4Fields fields)
    {
        Ipv4Header.Write(packet, fields);
        return Ipv4Header.Size
            + IcmpMessage.WriteEcho(packet[Ipv4Header.Size..], type, identifier, sequenceNumber, data);
    }
}
