using UserTcp.Buffers;
using UserTcp.Ip;
using UserTcp.Primitives;
using UserTcp.Tcp;

namespace UserTcp.Stack;

/// <summary>The arguments of an active OPEN (RFC 9293 §3.9.1.1).</summary>
internal readonly record struct ConnectCall
{
    public HostAddress Remote { get; init; }

    public ushort RemotePort { get; init; }

    /// <summary>Null: chosen by the route.</summary>
    public HostAddress? Local { get; init; }

    /// <summary>0: an ephemeral port.</summary>
    public ushort LocalPort { get; init; }

    public TcpConfig Config { get; init; }
}

/// <summary>Active OPEN: from the call to the SYN.</summary>
internal sealed class ActiveOpens(
    Flows flows, Connections connections, NextHops nextHops, RoutingTable routes, InitialNumbers numbers,
    ChunkPool chunks, StackCounters counters)
{
    public CallResult Connect(in ConnectCall call, Instant now, out StackConnection? connection)
    {
        connection = null;
        CallResult result = Check(call, out NextHop hop);
        if (result != CallResult.Done)
            return result;
        if (!nextHops.HasRoomToAsk(hop, call.Remote, now))
            return CallResult.NeighborTableFull;

        result = ChooseFlow(call, call.Local ?? hop.Source, out FlowKey flow);
        if (result == CallResult.Done)
            connection = Open(flow, hop, call.Config, now);
        return result;
    }

    private CallResult Check(in ConnectCall call, out NextHop hop)
    {
        CallResult result = nextHops.Find(call.Remote, out hop);
        if (result != CallResult.Done)
            return result;
        if (call.RemotePort == 0)
            return CallResult.InvalidDestination;
        if (!flows.HasRoom)
            return CallResult.TooManyConnections;

        return call.Local is { } local && !routes.IsLocal(local) ? CallResult.NotOurAddress : CallResult.Done;
    }

    private CallResult ChooseFlow(in ConnectCall call, HostAddress local, out FlowKey flow)
    {
        flow = new FlowKey(local, call.LocalPort, call.Remote, call.RemotePort);
        if (call.LocalPort != 0)
            return flows.PortOf(flow) == PortState.Free ? CallResult.Done : CallResult.AddressInUse;

        bool isFound = flows.TryPickPort(flow, call.Config.Timestamps, out ushort port);
        flow = flow with { LocalPort = port };
        if (isFound)
            flows.EndTimeWait(flow, flows.Hash(flow));
        return isFound ? CallResult.Done : CallResult.NoPortLeft;
    }

    private StackConnection Open(in FlowKey flow, in NextHop hop, TcpConfig config, Instant now)
    {
        counters.ConnectionsInitiated++;
        var send = new SendQueue(chunks);
        var receive = new ReceiveQueue(chunks, config.ReceiveBufferBytes);
        SeqNumber iss = numbers.Next(flow, now);
        var connection = new StackConnection(flows.NextId(), flow, flows.Hash(flow))
        {
            Tcb = new Tcb(config, flow.Family, send, receive, iss, numbers.TimestampOffset(flow)),
            NextHop = hop.Address,
            IsLooped = routes.IsLocal(flow.Remote),
            IsForeign = false,
        };
        connections.Open(connection, now);
        return connection;
    }
}
