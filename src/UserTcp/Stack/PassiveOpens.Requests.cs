using UserTcp.Ip;
using UserTcp.Primitives;
using UserTcp.Tcp;
using UserTcp.Wire;

namespace UserTcp.Stack;

/// <content>SYNs whose answer the listener's owner decides.</content>
internal sealed partial class PassiveOpens
{
    // RFC 9293 §3.8.3 (MUST-23): a peer may go on with a SYN for three minutes; then nobody waits for the decision.
    private static readonly TimeSpan s_requestLifetime = TimeSpan.FromMinutes(3);

    /// <summary>Sends the SYN-ACK. False if the request is no longer pending.</summary>
    public bool Accept(StackRequest request, TcpConfig config, Instant now)
    {
        if (request.State != RequestState.Pending)
            return false;

        HalfOpenEntry entry = request.Entry!;
        request.State = RequestState.Accepted;
        entry.Config = config;
        Answer(entry, entry.Syn.ToSegment(entry.Flow), now);
        return true;
    }

    /// <summary>Answers RST, ICMP or nothing. False if the request is no longer pending.</summary>
    public bool Reject(StackRequest request, RejectReason reason, Instant now)
    {
        if (request.State != RequestState.Pending)
            return false;

        HalfOpenEntry entry = request.Entry!;
        request.State = RequestState.Rejected;
        counters.FailedConnectionAttempts++;
        Remove(entry);
        if (reason == RejectReason.Refused)
            answers.Send(entry.Flow, ResetFor(entry, now), entry.Config.Live);
        else if (reason != RejectReason.Ignore)
            SendUnreachable(entry, CodeFor(reason), now);
        return true;
    }

    /// <summary>A SYN to an any-address listener becomes a question to its owner.</summary>
    private void BeginRequest(
        StackListener listener, in IpPacket packet, in TcpSegment syn, in FlowKey flow, ulong hash, Instant now)
    {
        var request = new StackRequest(listener, flow);
        var entry = new HalfOpenEntry(listener, listener.Config, flow, hash)
        {
            Request = request,
            Checksums = ChecksumHistory.From(syn.Checksum),
        };
        request.Entry = entry;
        flows.Add(entry);
        Note(entry, packet, syn, now);
        wakes.Add(request);
    }

    private void Note(HalfOpenEntry entry, in IpPacket packet, in TcpSegment syn, Instant now)
    {
        int quoted = Math.Min(packet.TotalLength, packet.HeaderLength + IcmpMessage.HeaderSize);
        entry.Syn = new SynFacts(syn);
        entry.Quote = packet.Packet[..quoted].ToArray();
        _wheel.Arm(entry, now + s_requestLifetime);
    }

    /// <summary>A repeated SYN is the same request; a reset of it cancels it.</summary>
    private void OnPendingSegment(HalfOpenEntry entry, in IpPacket packet, in TcpSegment seg, Instant arrival)
    {
        bool isReset = seg.Has(TcpFlags.Rst) && (seg.Seq == entry.Syn.Seq || seg.Seq == entry.Syn.Seq + 1);
        if (isReset)
            Abandon(entry);
        else if (seg.Has(TcpFlags.Syn) && !seg.Has(TcpFlags.Ack) && !seg.Has(TcpFlags.Rst))
            Note(entry, packet, seg, arrival);
    }

    private void Change(StackRequest request, RequestState state)
    {
        request.State = state;
        wakes.Add(request);
    }

    private static IcmpUnreachableCode CodeFor(RejectReason reason) => reason switch
    {
        RejectReason.NetworkUnreachable => IcmpUnreachableCode.Network,
        RejectReason.PortUnreachable => IcmpUnreachableCode.Port,
        RejectReason.Prohibited => IcmpUnreachableCode.AdministrativelyProhibited,
        _ => IcmpUnreachableCode.Host,
    };

    /// <summary>The error comes from us, not from the host that was not reached (RFC 1812 §4.3.2.4).</summary>
    private void SendUnreachable(HalfOpenEntry entry, IcmpUnreachableCode code, Instant now)
    {
        if (IpPacket.TryParseQuote(entry.Quote, out IpPacket quote)
            && routes.TryResolve(entry.Flow.Remote, out NextHop hop)
            && answers.TryRentForError(now, out PacketBlock? block))
        {
            answers.Send(block, IcmpErrors.WriteUnreachable(block.Room, quote, code, hop.Source));
        }
    }
}
