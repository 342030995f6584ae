using UserTcp.Stack;

namespace UserTcp.Testing.Swarm;

/// <summary>A connection of a run: it is tried again where the network did not let it come about.</summary>
internal sealed class FlowRun(SwarmRun run, FlowPlan plan, int number)
{
    private const ushort FirstSimultaneousPort = 2000;
    private static readonly TimeSpan s_retryPause = TimeSpan.FromSeconds(1);

    // Ends whose other end has begun anew from the same port.
    private readonly List<StreamApp> _past = [];
    private int _reusesLeft = plan.Reuses;
    private bool _hasGivenUp;
    private bool _isRetrying;
    private bool _isReusing;

    public FlowPlan Plan => plan;

    public StreamApp? Client { get; private set; }

    public StreamApp? Server { get; private set; }

    /// <summary>How often its port was used again at once.</summary>
    public int Reused { get; private set; }

    /// <summary>Whether nothing more is to come of it.</summary>
    public bool IsOver { get; private set; }

    /// <summary>Whether one of its hosts has vanished.</summary>
    private bool IsBroken => run.HasVanished(plan.Client) || run.HasVanished(plan.Server);

    private bool MayFail => plan.ClientSide.MayAbort || plan.ServerSide.MayAbort || _hasGivenUp || IsBroken
        || run.MayLose(plan.Client) || run.MayLose(plan.Server);

    public void Start()
    {
        _isRetrying = false;
        if (plan.IsSimultaneous)
            Server = Connect(plan.ServerSide, plan.Server, plan.Client, isClient: false);
        Client = Connect(plan.ClientSide, plan.Client, plan.Server, isClient: true);
        if (Client is null || (plan.IsSimultaneous && Server is null))
            TakeBack();
        else
            Hurry();
    }

    /// <summary>The other end of a client, of the present one or of an earlier one, came out of a listener.</summary>
    public StreamApp Accept(StreamApp client)
    {
        var app = new StreamApp(plan.ServerSide);
        if (!ReferenceEquals(client, Client))
        {
            _past.Add(app);
            return app;
        }

        if (Server is { } before)
            _past.Add(before);
        return Server = app;
    }

    public void Hurry()
    {
        if (!run.IsHealed)
            return;

        Client?.Hurry();
        Server?.Hurry();
        _past.ForEach(static app => app.Hurry());
    }

    /// <summary>
    /// A reset that was lost is not sent again: an end that has nothing to send never learns that its peer is gone, and
    /// loses patience. An end that waits for an answer has to notice by itself.
    /// </summary>
    public void LosePatience()
    {
        _past.ForEach(LosePatience);
        if (Client is { } client && Server is not { HasAborted: false, HasDetached: false })
            LosePatience(client);
        if (Server is { } server && Client is not { HasAborted: false, HasDetached: false })
            LosePatience(server);
        if (IsBroken)
        {
            LosePatience(Client);
            LosePatience(Server);
        }
    }

    /// <summary>Looks at both ends; throws if they ended in a way that they must not.</summary>
    public void Watch()
    {
        if (IsOver || _isReusing || _isRetrying || Client is not { IsAtEnd: true } || Server is { IsAtEnd: false })
            return;

        bool isComplete = Client.IsComplete && Server?.IsComplete == true;
        if (isComplete)
            CheckStreams(Client, Server!);
        else if (!MayFail && !MayRetry())
            throw new SwarmViolationException($"Flow {number} ended early. {Describe()}");

        IsOver = isComplete || MayFail || plan.IsSimultaneous;
        if (!IsOver)
            Retry();
    }

    /// <summary>Whether the ends of earlier connections are at their end, too.</summary>
    public bool IsPastOver() => _past.TrueForAll(static app => app.IsAtEnd);

    public string Describe() =>
        $"Flow {number}: {Describe(Client, plan.ClientSide)} - {Describe(Server, plan.ServerSide)}"
        + string.Concat(_past.Where(app => !app.IsAtEnd).Select(app => $", before: {Describe(app, plan.ServerSide)}"));

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

    // In the same moment: RST and SYN lie behind each other on the wire.
    private void ReusePort()
    {
        _isReusing = false;
        if (Client is not { HasAborted: true } before || run.IsHealed)
            return;

        StreamApp? again = Connect(plan.ClientSide, plan.Client, plan.Server, isClient: true,
            before.Connection.Flow.LocalPort);
        if (again is null)
            return; // TIME-WAIT has it

        Reused++;
        Client = again;
        if (Server is { } server)
            _past.Add(server);
        Server = null;
    }

    private void PlanReuse()
    {
        if (_reusesLeft == 0 || run.IsHealed)
            return;

        _reusesLeft--;
        _isReusing = true;
        run.Network.Schedule(TimeSpan.Zero, ReusePort);
    }

    /// <summary>Null if there was no room for it.</summary>
    private StreamApp? Connect(StreamPlan side, int from, int to, bool isClient, ushort localPort = 0)
    {
        var app = new StreamApp(side);
        ushort port = (ushort)(FirstSimultaneousPort + 2 * number);
        var call = new ConnectCall
        {
            Remote = run.Hosts[to].Address,
            RemotePort = !plan.IsSimultaneous ? SwarmRun.Port : (ushort)(isClient ? port : port + 1),
            LocalPort = !plan.IsSimultaneous ? localPort : (ushort)(isClient ? port + 1 : port),
            Config = run.Plan.Hosts[from].Config,
        };
        CallResult result = run.Hosts[from].Connect(app, call);
        bool mayFail = run.Plan.Hosts[from].Limits is not null || localPort != 0;
        if (result != CallResult.Done && mayFail)
            return null;
        if (result != CallResult.Done)
            throw new SwarmViolationException($"Flow {number} could not begin: {result}.");

        run.OnConnecting(app, this);
        if (isClient)
            app.OnAborted = PlanReuse;
        app.Begin(run.Network);
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

        // A SYN-ACK that was given up for want of room; its peer, connected by then, learns it from its first text.
        bool hadNoRoom = run.Plan.Hosts[plan.Server].Limits is not null && Server is null;
        return hadNoRoom || (reason == UserTcpCloseReason.ResetByPeer && Server is null
            && run.HasClosedListener(plan.Server));
    }

    // One end found room, and the other did not.
    private void TakeBack()
    {
        Client?.Abort();
        Server?.Abort();
        Retry();
    }

    private void LosePatience(StreamApp? app)
    {
        if (app is null || app.IsAtEnd || (IsBroken && app.IsOwedAnAnswer))
            return;

        _hasGivenUp = true;
        app.Abort();
    }

    private void Retry()
    {
        Client = Server = null;
        _isRetrying = true;
        run.Network.Schedule(s_retryPause, Start);
    }
}
