using UserTcp.Diagnostics;
using UserTcp.Ip;
using UserTcp.Primitives;
using UserTcp.Tcp;
using UserTcp.Wire;

namespace UserTcp.Stack;

/// <summary>ICMP: echo both ways, and errors for those whom they concern.</summary>
internal sealed class IcmpInput(
    StackConfig config, ShardPlace place, RoutingTable routes, LinkState link, Flows flows, Connections connections,
    PathMtus pathMtus, HandOvers handOvers, Answers answers, WakeQueue wakes, StackCounters counters)
{
    // The quoted "ports" of an echo request: type 8, code 0.
    private const ushort QuotedEchoRequest = (ushort)((int)IcmpType.EchoRequest << 8);

    public PacketDropReason OnPacket(in IpPacket packet, Instant arrival)
    {
        if (!IcmpMessage.TryParse(packet.Payload, out IcmpMessage message))
            return counters.Drop(PacketDropReason.Malformed);
        if (config.Checksums != ChecksumPolicy.Never && !message.HasValidChecksum)
            return counters.Drop(PacketDropReason.BadChecksum);
        if (message.IsError)
            return OnError(packet, message, arrival);
        if (!routes.IsLocal(packet.Destination))
            return counters.Drop(PacketDropReason.NotForUs);
        if (message is { Type: IcmpType.EchoRequest, Code: 0 })
            return AnswerEcho(packet, message, arrival);
        if (message is not { Type: IcmpType.EchoReply, Code: 0 })
            return counters.Drop(PacketDropReason.IgnoredIcmp);

        wakes.Add(WakeupKind.EchoReply, new EchoAnswer(
            packet.Source, message.Identifier, message.SequenceNumber, message.Body.Length, packet.HopLimit,
            arrival));
        return PacketDropReason.None;
    }

    private PacketDropReason AnswerEcho(in IpPacket packet, in IcmpMessage message, Instant now)
    {
        if (!config.RespondToPing)
            return counters.Drop(PacketDropReason.Filtered);

        int length = Math.Min(packet.TotalLength, link.Mtu);
        PacketDropReason reason = answers.RentForIcmp(now, length, out PacketBlock? block);
        if (block is null)
            return reason;

        Span<byte> room = block.Room[..Math.Min(block.Room.Length, link.Mtu)];
        answers.Send(block, IcmpEcho.WriteReply(packet, message, room));
        return PacketDropReason.None;
    }

    private PacketDropReason OnError(in IpPacket packet, in IcmpMessage message, Instant arrival)
    {
        PacketDropReason reason = IcmpErrors.Classify(message, routes, out IcmpReport report);
        if (reason != PacketDropReason.None)
            return counters.Drop(reason);
        if (report.Protocol == IpProtocol.Tcp)
            return OnTcpError(packet, report, arrival);
        if (report.Protocol != IpProtocol.Icmp || report.Flow.LocalPort != QuotedEchoRequest)
            return counters.Drop(PacketDropReason.UnsolicitedIcmp);

        wakes.Add(WakeupKind.EchoUnreachable, new EchoAnswer(
            packet.Source, (ushort)(report.QuotedWord >> 16), (ushort)report.QuotedWord, 0, packet.HopLimit,
            arrival));
        return PacketDropReason.None;
    }

    /// <summary>
    /// RFC 9293 §3.9.2.2 (MUST-54): the error reaches the connection whose segment it quotes, and no other.
    /// </summary>
    private PacketDropReason OnTcpError(in IpPacket packet, in IcmpReport report, Instant arrival)
    {
        if (place.IsElsewhere(report.Flow))
        {
            handOvers.Add(place.OwnerOf(report.Flow), HandOverKind.Packet, packet.Packet, default, arrival);
            return PacketDropReason.None;
        }

        StackConnection? connection = flows.Find(report.Flow, flows.Hash(report.Flow));
        if (connection is null || !connection.Tcb.IsOutstanding(report.QuotedSeq))
            return counters.Drop(PacketDropReason.UnsolicitedIcmp);

        if (report.Kind == IcmpErrorKind.FragmentationNeeded)
            pathMtus.OnTooBig(connection, report, arrival);
        else if (TryTranslate(report.Kind, out IcmpError error))
            connections.OnIcmpError(connection, error, report.QuotedSeq, arrival);
        return PacketDropReason.None;
    }

    private static bool TryTranslate(IcmpErrorKind kind, out IcmpError error)
    {
        error = kind switch
        {
            IcmpErrorKind.HostUnreachable => IcmpError.HostUnreachable,
            IcmpErrorKind.ProtocolUnreachable => IcmpError.ProtocolUnreachable,
            IcmpErrorKind.PortUnreachable => IcmpError.PortUnreachable,
            IcmpErrorKind.Prohibited => IcmpError.Prohibited,
            IcmpErrorKind.TimeExceeded => IcmpError.TimeExceeded,
            IcmpErrorKind.ParameterProblem => IcmpError.ParameterProblem,
            _ => IcmpError.NetworkUnreachable,
        };
        return kind != IcmpErrorKind.FragmentationNeeded;
    }
}
