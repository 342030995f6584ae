using System.Diagnostics;
using UserTcp.NetworkBenchmarks.Measuring;
using UserTcp.NetworkBenchmarks.Protocol;

namespace UserTcp.NetworkBenchmarks.Speed;

/// <summary>What stations of a run share.</summary>
/// <param name="Cpus">How many processors may be used, from the first.</param>
/// <param name="Before">The build to compare with, or null.</param>
/// <param name="GVisor">The program on gVisor's netstack, or null.</param>
/// <param name="Cancelled">Kills all processes.</param>
internal sealed record StationSettings(int Cpus, Build? Before, GVisor? GVisor, CancellationToken Cancelled)
{
    public string Near(Placement placement) =>
        placement == Placement.Free ? $"0-{Cpus - 1}" : $"{Cpus / 2}-{Cpus - 1}";

    public string Far(Placement placement) =>
        placement == Placement.Free ? $"0-{Cpus - 1}" : $"0-{Math.Max(Cpus / 2, 1) - 1}";
}

/// <summary>A contender's cable and processes, for one row. They stay until the row is measured.</summary>
internal sealed class Station : IDisposable
{
    // At a fixed rate: 100,000 requests in a turn of the usual 5 s, however long they take.
    private const int RequestsPerSecond = 20_000;
    private const double WarmUpRate = RequestsPerSecond;

    // Code that runs once in a turn is compiled anew after 30 turns, so those of the warm-up are short.
    private const double SliceSeconds = 0.02;
    private readonly SpeedRow _row;
    private readonly StationSettings _settings;
    private readonly Cable? _cable;
    private readonly Agent? _near;
    private readonly Agent? _far;

    public Station(SpeedRow row, Contender contender, StationSettings settings)
    {
        _row = row;
        _settings = settings;
        Contender = contender;
        try
        {
            _cable = contender.Cable == CableKind.None ? null : new Cable(contender.Cable);
            if (row.Work == Workload.Idle)
                return;

            _far = _cable is null ? null : StartFar();
            _near = contender.IsGVisor ? null : StartNear();
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public Contender Contender { get; }

    /// <summary>The processor time of its processes, in seconds.</summary>
    public double ProcessorSeconds => (_near?.ProcessorSeconds ?? 0) + (_far?.ProcessorSeconds ?? 0);

    /// <summary>Works until its processes compile nothing any more, or the time is over.</summary>
    /// <returns>
    /// Whether it is warm. A program that is compiled beforehand and one that starts anew always are.
    /// </returns>
    public bool WarmUp(WarmUp warmUp)
    {
        if (_near is null)
            return true;

        for (long start = Stopwatch.GetTimestamp(); !warmUp.IsOver;)
        {
            Outcome outcome = Measure(SliceSeconds, WarmUpRate);
            if (outcome.Error is not null)
                throw new InvalidOperationException(outcome.Error);

            long compiled = _near.CountCompiled() + (_far?.CountCompiled() ?? 0);
            warmUp.Observe(Stopwatch.GetElapsedTime(start), compiled);
        }

        return warmUp.IsWarm;
    }

    /// <summary>The requests a second that wrk gets, as fast as it can.</summary>
    public Outcome MeasureWrk(double seconds) => Wrk.Measure(
        _settings.Far(_row.Placement), _cable!.Far, (_row.Threads, seconds), _row.Size,
        $"http://{Kestrel.EndPoint(Contender.IsKernel)}/", _settings.Cancelled);

    /// <summary>Measures once.</summary>
    /// <param name="seconds">The time.</param>
    /// <param name="rate">Requests a second, where the row has a fixed rate.</param>
    public Outcome Measure(double seconds, double rate)
    {
        var order = new Order(_row.Work, _row.Size, seconds, rate);
        if (Contender.IsGVisor)
            return _settings.GVisor!.Measure(order, _cable!, _settings.Near(_row.Placement), _settings.Cancelled);

        return _row.Work switch
        {
            Workload.Web => MeasureWeb(seconds),
            Workload.WebAtRate => _far!.Obey(order with { Size = (int)(RequestsPerSecond * seconds) }),
            Workload.Idle => MeasureIdle(order),
            _ => MeasureNear(order),
        };
    }

    public void Dispose()
    {
        _near?.Dispose();
        _far?.Dispose();
        _cable?.Dispose();
    }

    // A row may ask for the processor time of the server, too.
    private Outcome MeasureWeb(double seconds)
    {
        double before = ProcessorSeconds;
        long start = Stopwatch.GetTimestamp();
        Outcome outcome = MeasureWrk(seconds);
        if (_row.Units.Length == 1 || outcome.Error is not null)
            return outcome;

        double requests = outcome.Values[0] * Stopwatch.GetElapsedTime(start).TotalSeconds;
        return outcome with { Values = [(ProcessorSeconds - before) * 1e6 / requests, outcome.Values[0]] };
    }

    private Outcome MeasureNear(Order order)
    {
        double before = ProcessorSeconds;
        Outcome outcome = _near!.Obey(order);
        return _row.Units.Length > outcome.Values.Length && outcome.Error is null
            ? outcome with { Values = [.. outcome.Values, (ProcessorSeconds - before) / outcome.Gigabytes] }
            : outcome;
    }

    // Memory is that of a new process.
    private Outcome MeasureIdle(Order order)
    {
        using Agent holder = Agent.Start(
            _settings.Far(_row.Placement), _cable!.Far, _settings.Cancelled, Build.Own.Network, "holder");
        using Agent near = StartNear();
        return near.Obey(order);
    }

    private Agent StartFar()
    {
        string[] options = Contender.IsKernel ? ["--to-kernel"] : [];
        return Agent.Start(
            _settings.Far(_row.Placement), _cable!.Far, _settings.Cancelled, [Build.Own.Network, "far", .. options]);
    }

    private Agent StartNear()
    {
        Build build = Contender.IsBefore ? _settings.Before! : Build.Own;
        string cpus = _settings.Near(_row.Placement);
        if (_row.Work == Workload.Segments)
        {
            string checksums = Contender.Link == Contender.ByLink.Link ? "link" : "stacks";
            return Agent.Start(cpus, null, _settings.Cancelled, build.Core, "segments", checksums);
        }

        List<string> words = [build.Network, "near"];
        if (!Contender.IsKernel)
            words.AddRange(["--link", $"{(Contender.IsBare ? Contender.Packet.Link : Contender.Link)}:{Cable.Device}"]);
        if (Contender.Shards > 1)
            words.AddRange(["--shards", $"{Contender.Shards}"]);
        if (Contender.IsInline)
            words.Add("--inline");
        if (Contender.IsBare)
            words.Add("--bare");
        if (_row.Work is Workload.Web or Workload.WebAtRate)
            words.Add("--web");
        return Agent.Start(cpus, _cable!.Near, _settings.Cancelled, [.. words]);
    }
}
