using UserTcp.Diagnostics;
using UserTcp.Ip;
using UserTcp.Primitives;
using UserTcp.Tcp;
using UserTcp.Wire;

namespace UserTcp.Stack;

/// <content>ICMP: echo both ways, and errors for those whom they concern.</content>
internal sealed partial class StackCore
{
    // The quoted "ports" of an echo request: type 8, code 0.
    private const ushort QuotedEchoRequest = (ushort)((int)IcmpType.EchoRequest << 8);

    private void OnIcmp(in Ipv4Header packet, Instant arrival)
    {
        if (!IcmpMessage.TryParse(packet.Payload, out IcmpMessage message))
        {
            Drop(PacketDropReason.Malformed);
            return;
        }

        if (Config.Checksums != ChecksumPolicy.Never && !message.HasValidChecksum)
            Drop(PacketDropReason.BadChecksum);
        else if (message.IsError)
            OnIcmpError(packet, message, arrival);
        else if (!_routes.IsLocal(packet.Destination))
            Drop(PacketDropReason.NotForUs);
        else if (message is { Type: IcmpType.EchoRequest, Code: 0 })
            ReplyEcho(packet, message, arrival);
        else if (message is { Type: IcmpType.EchoReply, Code: 0 })
            OnEchoReply(packet, message, arrival);
        else
            Drop(PacketDropReason.IgnoredIcmp);
    }

    private void OnEchoReply(in Ipv4Header packet, in IcmpMessage message, Instant arrival) =>
        _wakes.Add(WakeupKind.EchoReply, new EchoAnswer(
            packet.Source, message.Identifier, message.SequenceNumber, message.Body.Length, packet.TimeToLive,
            arrival));

    private void ReplyEcho(in Ipv4Header packet, in IcmpMessage message, Instant now)
    {
        if (!Config.RespondToPing)
            Drop(PacketDropReason.Filtered);
        else if (TryRentReply(now, Math.Min(packet.TotalLength, _mtu), out PacketBlock? block))
            QueuePacket(block, IcmpEcho.WriteReply(packet, message, block.Room[..Math.Min(block.Room.Length, _mtu)]));
    }

    private void ReplyUnreachable(in Ipv4Header packet, IcmpUnreachableCode code, Instant now)
    {
        if (IcmpErrors.MayAnswer(packet, _routes, viaLinkBroadcast: false)
            && TryRentReply(now, IcmpErrors.MaxPacketBytes, out PacketBlock? block))
        {
            QueuePacket(block, IcmpErrors.WriteUnreachable(block.Room, packet, code));
        }
    }

    private bool TryRentReply(
        Instant now, int size, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out PacketBlock? block)
    {
        block = null;
        if (!MaySendIcmp(now))
            return false;

        block = _blocks.TryRent(Math.Max(size, IcmpErrors.MaxPacketBytes));
        if (block is null)
            Drop(PacketDropReason.QueueFull);
        return block is not null;
    }

    private void OnIcmpError(in Ipv4Header packet, in IcmpMessage message, Instant arrival)
    {
        PacketDropReason reason = IcmpErrors.Classify(message, _routes, out IcmpReport report);
        if (reason != PacketDropReason.None)
            Drop(reason);
        else if (report.Protocol == IpProtocol.Tcp)
            OnTcpError(report, arrival);
        else if (report.Protocol == IpProtocol.Icmp && report.Flow.LocalPort == QuotedEchoRequest)
            OnEchoError(packet, report, arrival);
        else
            Drop(PacketDropReason.UnsolicitedIcmp);
    }

    private void OnEchoError(in Ipv4Header packet, in IcmpReport report, Instant arrival) =>
        _wakes.Add(WakeupKind.EchoUnreachable, new EchoAnswer(
            packet.Source, (ushort)(report.QuotedWord >> 16), (ushort)report.QuotedWord, 0, packet.TimeToLive,
            arrival));

    /// <summary>
    /// RFC 9293 §3.9.2.2 (MUST-54): the error reaches the connection whose segment it quotes, and no other.
    /// </summary>
    private void OnTcpError(in IcmpReport report, Instant arrival)
    {
        StackConnection? connection = _flows.Find(report.Flow, _tableKey.Hash(report.Flow));
        if (connection is null || !connection.Tcb.IsOutstanding(report.QuotedSeq))
        {
            Drop(PacketDropReason.UnsolicitedIcmp);
            return;
        }

        if (report.Kind == IcmpErrorKind.FragmentationNeeded)
            OnTooBig(connection, report, arrival);
        else if (TryTranslate(report.Kind, out IcmpError error))
            Apply(connection, connection.Tcb.OnIcmpError(error, report.QuotedSeq, arrival), arrival);
    }

    private void OnTooBig(StackConnection connection, in IcmpReport report, Instant arrival)
    {
        if (_paths.OnTooBig(report.Flow.Remote, report.NextHopMtu, report.QuotedLength, arrival))
            AdoptPathMtu(connection, arrival);
    }

    /// <summary>A connection found out what nobody had told it; those to come begin with it (RFC 4821 §5.2).</summary>
    private void LearnPathMtu(StackConnection connection, Instant now)
    {
        if (!connection.IsLooped)
            _paths.Learn(connection.Flow.Remote, connection.Tcb.PathMtu, now);
    }

    /// <summary>A new connection does not repeat what was learned of its path.</summary>
    private void AdoptKnownPathMtu(StackConnection connection, Instant now)
    {
        if (!connection.IsLooped && _paths.Get(connection.Flow.Remote, now) < _mtu)
            AdoptPathMtu(connection, now);
    }

    private void AdoptPathMtu(StackConnection connection, Instant now)
    {
        int mtu = connection.IsLooped ? _mtu : _paths.Get(connection.Flow.Remote, now);
        Apply(connection, connection.Tcb.OnMtu(mtu, now), now);
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
