using UserTcp.Diagnostics;
using UserTcp.Ip;
using UserTcp.Primitives;
using UserTcp.Wire;

namespace UserTcp.Stack;

/// <summary>Reassembly, with what is counted and answered beside it.</summary>
internal sealed class Fragments(IpLimits limits, RoutingTable routes, Answers answers, StackCounters counters) : ITimed
{
    private readonly Reassembly _reassembly = new(limits);

    public Instant NextDeadline => _reassembly.NextDeadline;

    /// <param name="fragment">The fragment.</param>
    /// <param name="arrival">When it arrived.</param>
    /// <param name="whole">The datagram, if this was the last part; valid until the next call.</param>
    public PacketDropReason OnPacket(in IpPacket fragment, Instant arrival, out ReadOnlySpan<byte> whole)
    {
        long evicted = _reassembly.Evicted;
        PacketDropReason reason = _reassembly.Add(fragment, arrival, out whole);
        for (; evicted < _reassembly.Evicted; evicted++)
        {
            counters.Drop(PacketDropReason.FragmentLimit);
        }

        return reason == PacketDropReason.None ? reason : counters.Drop(reason);
    }

    /// <summary>RFC 1122 §3.3.2: the sender is told, if the first fragment came.</summary>
    public void OnDeadline(Instant dueBy, Instant now)
    {
        while (_reassembly.TryExpire(now, out ReadOnlySpan<byte> quote))
        {
            counters.Drop(PacketDropReason.FragmentTimeout);
            if (IpPacket.TryParseQuote(quote, out IpPacket first)
                && IcmpErrors.MayAnswer(first, routes, viaLinkBroadcast: false)
                && answers.TryRentForError(now, out PacketBlock? block))
            {
                answers.Send(block, IcmpErrors.WriteReassemblyTimeExceeded(block.Room, first));
            }
        }
    }
}
