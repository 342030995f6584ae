using UserTcp.Stack;

namespace UserTcp.Testing.Swarm;

/// <summary>A connection of a run: it is tried again where the network did not let it come about.</summary>
internal sealed class FlowRun(SwarmRun run, FlowPlan plan, int number)
{
    private const ushort FirstSimultaneousPort = 2000;
    private static readonly TimeSpan s_retryPause = TimeSpan.FromSeconds(1);
    private bool _hasGivenUp;

    public FlowPlan Plan => plan;

    public StreamApp? Client { get; private set; }

    public StreamApp? Server { get; private set; }

    /// <summary>Whether nothing more is to come of it.</summary>
    public bool IsOver { get; private set; }

    private bool MayAbort => plan.ClientSide.AbortsAfter is not null || plan.ServerSide.AbortsAfter is not null;

    public void Start()
    {
        if (plan.IsSimultaneous)
            Server = Connect(plan.ServerSide, plan.Server, plan.Client, isClient: false);
        Client = Connect(plan.ClientSide, plan.Client, plan.Server, isClient: true);
        Hurry();
    }

    /// <summary>The other end came out of a listener.</summary>
    public StreamApp Accept() => Server = new StreamApp(plan.ServerSide);

    public void Hurry()
    {
        if (!run.IsHealed)
            return;

        Client?.Hurry();
        Server?.Hurry();
    }

    /// <summary>
    /// A reset that was lost is not sent again: who has nothing to send never learns that the peer is gone, and loses
    /// patience.
    /// </summary>
    public void LosePatience()
    {
        if (Client is { } client && !IsAtEnd(client) && Server is not { HasAborted: false })
            GiveUp(client);
        if (Server is { } server && !IsAtEnd(server) && Client is not { HasAborted: false })
            GiveUp(server);
    }

    /// <summary>Looks at both ends; throws if they ended in a way that they must not.</summary>
    public void Watch()
    {
        if (IsOver || Client is null || !IsAtEnd(Client) || (Server is not null && !IsAtEnd(Server)))
            return;

        bool isComplete = Client.IsComplete && Server?.IsComplete == true;
        if (isComplete)
            CheckStreams(Client, Server!);
        else if (!MayAbort && !_hasGivenUp && !MayRetry())
            throw new SwarmViolationException($"Flow {number} ended early. {Describe()}");

        IsOver = isComplete || MayAbort || _hasGivenUp || plan.IsSimultaneous;
        if (!IsOver)
            Retry();
    }

    public string Describe() =>
        $"Flow {number}: {Describe(Client, plan.ClientSide)} - {Describe(Server, plan.ServerSide)}";

    private static bool IsAtEnd(StreamApp app) => app.HasAborted || app.HasDetached;

    private static void CheckStreams(StreamApp client, StreamApp server)
    {
        if (client.BytesRead != server.Plan.Bytes || server.BytesRead != client.Plan.Bytes)
            throw new SwarmViolationException(
                $"Read {client.BytesRead} of {server.Plan.Bytes}, {server.BytesRead} of {client.Plan.Bytes} bytes.");
    }

    private static string Describe(StreamApp? app, StreamPlan plan) => app is null
        ? "no such end"
        : $"{app.Host.Name} {app.Connection.Tcb.State} ({app.Connection.Tcb.CloseReason}),"
            + $" read {app.BytesRead}, wrote {app.BytesWritten} of {plan.Bytes}";

    private StreamApp Connect(StreamPlan side, int from, int to, bool isClient)
    {
        var app = new StreamApp(side);
        ushort port = (ushort)(FirstSimultaneousPort + 2 * number);
        var call = new ConnectCall
        {
            Remote = run.Hosts[to].Address,
            RemotePort = !plan.IsSimultaneous ? SwarmRun.Port : (ushort)(isClient ? port : port + 1),
            LocalPort = !plan.IsSimultaneous ? (ushort)0 : (ushort)(isClient ? port + 1 : port),
            Config = run.Plan.Hosts[from].Config,
        };
        CallResult result = run.Hosts[from].Connect(app, call);
        if (result != CallResult.Done)
            throw new SwarmViolationException($"Flow {number} could not begin: {result}.");

        run.OnConnecting(app, this);
        return app;
    }

    // ARP may have failed, nobody may have listened; and a handshake that the listener took back ends with a reset.
    private bool MayRetry()
    {
        UserTcpCloseReason reason = Client!.Connection.Tcb.CloseReason;
        if (reason is UserTcpCloseReason.HostUnreachable or UserTcpCloseReason.Refused)
            return !Client.IsConnected;
        if (plan.IsSimultaneous)
            return !Client.IsConnected || !Server!.IsConnected;

        return reason == UserTcpCloseReason.ResetByPeer && Server is null && run.HasClosedListener(plan.Server);
    }

    private void GiveUp(StreamApp app)
    {
        _hasGivenUp = true;
        app.Abort();
    }

    private void Retry()
    {
        Client = Server = null;
        run.Network.Schedule(s_retryPause, Start);
    }
}
