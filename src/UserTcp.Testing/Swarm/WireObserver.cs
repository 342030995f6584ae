using UserTcp.Diagnostics;
using UserTcp.Primitives;
using UserTcp.Tcp;
using UserTcp.Testing.Network;
using UserTcp.Testing.Rules;
using UserTcp.Wire;

namespace UserTcp.Testing.Swarm;

/// <summary>
/// Looks at what a host sends and receives, and knows nothing but that: what a stack promises on the wire is kept, or
/// the run ends.
/// </summary>
internal sealed class WireObserver(SwarmRun run, CoreHost host) : IFrameTap
{
    private readonly Dictionary<FlowKey, WireView> _views = [];

    // Without an answer to ARP, or room to ask, there is nobody to send them to.
    private bool LosesSegments => host.Core.Count(static one => one.Drops(PacketDropReason.NeighborUnreachable)
        + one.Drops(PacketDropReason.NeighborTableFull)) > 0;

    public void OnSent(ReadOnlySpan<byte> frame, Instant now)
    {
        if (!FrameKind.TryParseTcp(frame, out Ipv4Header packet, out TcpSegment segment))
            return;

        var flow = new FlowKey(packet.Source, segment.SourcePort, packet.Destination, segment.DestinationPort);
        WireView view = ViewOf(flow);
        if (segment.Has(TcpFlags.Rst))
            CheckReset(flow, view, segment);
        else if ((view.OnSent(segment, LosesSegments) ?? CheckUrgent(flow, view, segment)) is { } wrong)
            throw new SwarmViolationException($"{host.Name}, {flow}: {wrong}");
    }

    public void OnReceived(ReadOnlySpan<byte> frame, Instant now)
    {
        if (!FrameKind.TryParseTcp(frame, out Ipv4Header packet, out TcpSegment segment) || !IsSound(packet))
            return;

        var flow = new FlowKey(packet.Destination, segment.DestinationPort, packet.Source, segment.SourcePort);
        ViewOf(flow).OnReceived(segment);
    }

    public void Flush()
    {
    }

    private static bool IsSound(in Ipv4Header packet) => packet.HasValidChecksum && InternetChecksum.IsTransportValid(
        packet.Source, packet.Destination, IpProtocol.Tcp, packet.Payload);

    private WireView ViewOf(in FlowKey flow)
    {
        if (!_views.TryGetValue(flow, out WireView? view))
            _views.Add(flow, view = new WireView());
        return view;
    }

    // RFC 9293 §3.8.5 (MUST-62): the pointer names the octet after the urgent text, whichever segment it is in; what is
    // further away than it can say is the largest that it can.
    private string? CheckUrgent(in FlowKey flow, WireView view, in TcpSegment segment)
    {
        if (!segment.Has(TcpFlags.Urg) || segment.UrgentPointer == ushort.MaxValue
            || view.InitialSent is not { } initial || run.AppOf(flow) is not { } app)
        {
            return null;
        }

        long end = segment.Seq + segment.UrgentPointer - (initial + 1);
        return app.UrgentEnds.Contains(end) ? null : $"the urgent pointer says {end}, where no urgent text ends";
    }

    // A program that gave up, a connection that is over and a handshake may reset; a living connection may not. A reset
    // that answered a segment of another incarnation in SYN-SENT may leave together with the ACK that completes it.
    private void CheckReset(in FlowKey flow, WireView view, in TcpSegment reset)
    {
        bool isOfAnother = !reset.Has(TcpFlags.Ack) && reset.Seq != view.SentEnd;
        if (isOfAnother || run.AppOf(flow) is not { IsAtEnd: false } app)
            return;

        TcpState state = app.Connection.Tcb.State;
        if (state is TcpState.Established or TcpState.FinWait1 or TcpState.FinWait2 or TcpState.CloseWait
            or TcpState.Closing or TcpState.LastAck)
        {
            throw new SwarmViolationException($"{host.Name} reset {flow} in {state}, and nobody had asked for it.");
        }
    }
}
