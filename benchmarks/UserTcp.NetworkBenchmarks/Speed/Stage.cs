namespace UserTcp.NetworkBenchmarks.Speed;

/// <summary>The processes of one placement: a peer with an end on every cable, and clients if asked for.</summary>
internal sealed class Stage : IDisposable
{
    private const int PortsPerStage = 100;
    private const int FirstPort = 9000;
    private readonly SpeedLab _lab;
    private readonly Placement _placement;
    private readonly Agent _peer;
    private readonly Dictionary<Cable, Agent> _clients = [];

    public Stage(SpeedLab lab, Placement placement)
    {
        _lab = lab;
        _placement = placement;
        string[] places =
            [.. Enum.GetValues<Cable>().Select(cable => $"{lab.Ends(cable).Far}={SpeedLab.PeerAddress(cable)}")];
        _peer = Agent.Start(
            placement == Placement.Free ? null : 0, null, ["peer", "--port", $"{Port}", "--at", .. places]);
    }

    /// <summary>The services of the peer are beyond this port.</summary>
    public int Port => FirstPort + (int)_placement * PortsPerStage;

    /// <summary>Measures once.</summary>
    public Outcome Measure(SpeedRow row, Contender contender, double seconds)
    {
        var order = new Order(row.Work, contender.Link, contender.IsInline, row.Size, seconds);
        if (row.Work == Workload.Idle)
        {
            using Agent holder = Agent.Start(null, _lab.Ends(contender.Cable).Far, "holder");
            using Agent fresh = StartClient(contender.Cable);
            return fresh.Obey(order);
        }

        if (row.Work == Workload.Web)
        {
            string[] inline = contender.IsInline ? ["--inline"] : [];
            using Agent web = Agent.Start(
                null, _lab.Ends(contender.Cable).Near,
                ["web", "--cable", $"{contender.Cable}", "--link", contender.Link, .. inline]);
            return Wrk.Measure(_lab.Ends(contender.Cable).Far, WebCommand.UrlOf(contender), row.Size, seconds);
        }

        if (!_clients.TryGetValue(contender.Cable, out Agent? client))
            _clients[contender.Cable] = client = StartClient(contender.Cable);
        double before = client.ProcessorSeconds + _peer.ProcessorSeconds;
        Outcome outcome = client.Obey(order);
        double used = client.ProcessorSeconds + _peer.ProcessorSeconds - before;
        return row.Units.Length > outcome.Values.Length && outcome.Error is null
            ? outcome with { Values = [.. outcome.Values, used / outcome.Gigabytes] }
            : outcome;
    }

    public void Dispose()
    {
        foreach (Agent client in _clients.Values)
        {
            client.Dispose();
        }

        _peer.Dispose();
    }

    private Agent StartClient(Cable cable) => Agent.Start(
        _placement switch { Placement.Free => null, Placement.Split => 1, _ => 0 },
        _lab.Ends(cable).Near, "client", "--cable", $"{cable}", "--port", $"{Port}");
}
