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

    // Without an answer to ARP there is nobody to send them to.
    private bool LosesSegments => host.Core.Counters.Drops(PacketDropReason.NeighborUnreachable) > 0;

    public void OnSent(ReadOnlySpan<byte> frame, Instant now)
    {
        if (!FrameKind.TryParseTcp(frame, out Ipv4Header packet, out TcpSegment segment))
            return;

        var flow = new FlowKey(packet.Source, segment.SourcePort, packet.Destination, segment.DestinationPort);
        WireView view = ViewOf(flow);
        if (segment.Has(TcpFlags.Rst))
            CheckReset(flow);
        else if (view.OnSent(segment, LosesSegments) is { } wrong)
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

    // A program that gave up, a connection that is over, a handshake: all of these may reset. What lives may not.
    private void CheckReset(in FlowKey flow)
    {
        if (run.AppOf(flow) is not { HasAborted: false, HasDetached: false } app)
            return;

        TcpState state = app.Connection.Tcb.State;
        if (state is TcpState.Established or TcpState.FinWait1 or TcpState.FinWait2 or TcpState.CloseWait
            or TcpState.Closing or TcpState.LastAck)
        {
            throw new SwarmViolationException($"{host.Name} reset {flow} in {state}, and nobody had asked for it.");
        }
    }
}
