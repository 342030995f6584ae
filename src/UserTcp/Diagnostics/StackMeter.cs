using System.Collections.Immutable;
using System.Diagnostics.Metrics;
using System.Runtime.CompilerServices;
using UserTcp.Primitives;
using Tag = System.Collections.Generic.KeyValuePair<string, object?>;

namespace UserTcp.Diagnostics;

/// <summary>
/// The instruments of one meter, for all stacks that report to it. What the stack counts anyway is read when somebody
/// collects, so that it costs nothing else; times are recorded when a connection begins or ends, if anybody listens.
/// Thread-safe; used outside the door.
/// </summary>
internal sealed class StackMeter
{
    private static readonly Lazy<StackMeter> s_shared =
        new(() => new StackMeter(new Meter(UserTcpTelemetry.MeterName, UserTcpTelemetry.Version)));

    private static readonly ConditionalWeakTable<IMeterFactory, StackMeter> s_byFactory = [];

    private static readonly InstrumentAdvice<double> s_seconds = new()
    {
        HistogramBucketBoundaries = [0.0001, 0.0005, 0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    };

    private static readonly InstrumentAdvice<double> s_lives = new()
    {
        HistogramBucketBoundaries = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120, 300],
    };

    private readonly Histogram<double> _connectionDuration;
    private readonly Histogram<double> _connectDuration;
    private readonly Histogram<double> _roundTrip;
    private readonly Histogram<double> _resolveDuration;
    private readonly Histogram<double> _lookupDuration;
    private ImmutableArray<IMeteredStack> _stacks = [];

    private StackMeter(Meter meter)
    {
        _connectionDuration = meter.CreateHistogram(
            "usertcp.connection.duration", "s", "How long connections lived.", null, s_lives);
        _connectDuration = meter.CreateHistogram(
            "usertcp.connect.duration", "s", "How long connecting took.", null, s_seconds);
        _roundTrip = meter.CreateHistogram(
            "usertcp.rtt", "s", "The smoothed round trip of each connection at its end.", null, s_seconds);
        _resolveDuration = meter.CreateHistogram(
            "usertcp.arp.resolve.duration", "s", "How long next hops were asked for.", null, s_seconds);
        _lookupDuration = meter.CreateHistogram(
            "usertcp.dns.lookup.duration", "s", "How long names took to resolve.", null, s_seconds);
        new StackObservations(Observe).AddTo(meter);
    }

    public bool WantsConnects => _connectDuration.Enabled;

    public bool WantsResolutions => _resolveDuration.Enabled;

    public bool WantsConnectionEnds => _connectionDuration.Enabled || _roundTrip.Enabled;

    /// <summary>The instruments of a factory's meter; of the meter that stacks share where there is none.</summary>
    public static StackMeter Of(IMeterFactory? factory) => factory is null
        ? s_shared.Value
        : s_byFactory.GetValue(factory, static key => new StackMeter(key.Create(
            new MeterOptions(UserTcpTelemetry.MeterName) { Version = UserTcpTelemetry.Version })));

    public void Add(IMeteredStack stack) => ImmutableInterlocked.Update(ref _stacks, (all, one) => all.Add(one), stack);

    public void Remove(IMeteredStack stack) =>
        ImmutableInterlocked.Update(ref _stacks, (all, one) => all.Remove(one), stack);

    public void OnConnected(string stack, HostAddress remote, TimeSpan elapsed, string? error)
    {
        if (!_connectDuration.Enabled)
            return;

        ReadOnlySpan<Tag> tags =
        [
            new(Names.StackName, stack), new(Names.PeerAddress, remote.ToString()), new(Names.ErrorType, error),
        ];
        _connectDuration.Record(elapsed.TotalSeconds, error is null ? tags[..^1] : tags);
    }

    public void OnConnectionEnd(string stack, bool isIncoming, UserTcpCloseReason reason, TimeSpan age, TimeSpan rtt)
    {
        string? error = Names.Of(reason);
        var role = new Tag(Names.Role, isIncoming ? Names.Server : Names.Client);
        ReadOnlySpan<Tag> tags =
        [
            new(Names.StackName, stack), new(Names.Transport, Names.Tcp), new(Names.NetworkType, Names.Ipv4), role,
            new(Names.ErrorType, error),
        ];
        _connectionDuration.Record(age.TotalSeconds, error is null ? tags[..^1] : tags);
        if (rtt > TimeSpan.Zero)
            _roundTrip.Record(rtt.TotalSeconds, tags[0], role);
    }

    /// <summary>A next hop was asked for.</summary>
    public void OnResolved(string stack, TimeSpan elapsed, string? error) =>
        Record(_resolveDuration, stack, elapsed, error);

    /// <summary>A name was asked for.</summary>
    public void OnLookedUp(string stack, TimeSpan elapsed, string? error) =>
        Record(_lookupDuration, stack, elapsed, error);

    private static void Record(Histogram<double> histogram, string stack, TimeSpan elapsed, string? error)
    {
        if (!histogram.Enabled)
            return;

        ReadOnlySpan<Tag> tags = [new(Names.StackName, stack), new(Names.ErrorType, error)];
        histogram.Record(elapsed.TotalSeconds, error is null ? tags[..^1] : tags);
    }

    private List<Measurement<long>> Observe(
        Action<StackSample, List<Measurement<long>>> read, bool withConnections)
    {
        var found = new List<Measurement<long>>();
        foreach (IMeteredStack stack in _stacks)
        {
            if (stack.Sample(withConnections) is { } sample)
                read(sample, found);
        }

        return found;
    }
}
