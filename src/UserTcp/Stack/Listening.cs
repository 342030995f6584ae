using UserTcp.Ip;
using UserTcp.Primitives;
using UserTcp.Tcp;

namespace UserTcp.Stack;

/// <summary>The calls on listeners.</summary>
internal sealed class Listening(
    ListenTable listeners, PortAllocator ports, RoutingTable routes, PassiveOpens passiveOpens, Connections connections)
{
    public CallResult Listen(in ListenCall call, out StackListener? listener)
    {
        listener = null;
        if (call.Mode == ListenMode.OneAddress && !routes.IsLocal(call.Address))
            return CallResult.NotOurAddress;

        ushort port = call.Port;
        if (port == 0 && call.Mode != ListenMode.AnyAddress)
        {
            HostAddress local = call.Mode == ListenMode.OneAddress ? call.Address : routes.SourceFor(HostAddress.AnyV4);
            var anywhere = new FlowKey(local, 0, HostAddress.AnyV4, 0);
            if (!ports.TryPick(anywhere, mayReuse: false, new ListenUse(listeners, local), out port))
                return CallResult.NoPortLeft;
        }

        var made = new StackListener(ListenTable.KeyFor(call, port), call);
        if (!listeners.TryAdd(made))
            return CallResult.AddressInUse;
        listener = made;
        return CallResult.Done;
    }

    /// <summary>
    /// Half-open connections and those not accepted are reset, pending requests cancelled. Idempotent.
    /// </summary>
    public void Close(StackListener listener, Instant now)
    {
        if (listener.IsClosed)
            return;
        listener.IsClosed = true;
        listeners.Remove(listener);
        ports.OnReleased(listener.Key.Port);
        passiveOpens.Close(listener, now);
        while (listener.TryDequeue(out StackConnection connection))
        {
            connection.Receive.CloseReader(isViewReleased: true);
            connections.OnUserCall(connection, UserCall.Abort, now);
        }
    }

    public void CloseAll(Instant now)
    {
        while (listeners.Count > 0)
        {
            Close(listeners.All[^1], now);
        }
    }

    /// <summary>Which ports have a listener.</summary>
    private readonly record struct ListenUse(ListenTable Listeners, HostAddress Local) : IPortUse
    {
        public PortState Of(ushort port) => Listeners.IsPortBound(Local, port) ? PortState.Taken : PortState.Free;
    }
}
