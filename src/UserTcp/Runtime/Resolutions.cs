using System.Diagnostics;
using Microsoft.Extensions.Logging;
using UserTcp.Diagnostics;
using UserTcp.Primitives;
using UserTcp.Stack;

namespace UserTcp.Runtime;

/// <summary>Tells log, meter and spans of next hops that were found or do not answer.</summary>
/// <param name="stack">The name of the stack.</param>
/// <param name="meter">Where it reports to.</param>
/// <param name="logger">The log of ARP.</param>
internal sealed class Resolutions(string stack, StackMeter meter, LimitedLogger logger)
{
    // Connections that began under a span of ours: resolutions become its children.
    private readonly Dictionary<RunningConnection, Activity> _traced = [];

    /// <summary>A connection begins, perhaps under a span; under the door.</summary>
    public void Add(RunningConnection connection, Activity? span)
    {
        if (span is not null)
            _traced.Add(connection, span);
    }

    /// <summary>A connection is over; under the door.</summary>
    public void Remove(RunningConnection connection) => _traced.Remove(connection);

    // Under the door; the rest when it is closed. Nothing is done where nobody listens.
    public void OnNeighbor(in Wakeup wakeup, WakeList wakes)
    {
        bool isTraced = Spans.Source.HasListeners();
        if (!isTraced && !meter.WantsResolutions && !logger.IsEnabled(LogLevel.Debug))
            return;

        HostAddress address = wakeup.Address;
        MacAddress? mac = wakeup.Kind == WakeupKind.NeighborFound ? wakeup.Mac : null;
        TimeSpan elapsed = wakeup.Elapsed;
        List<ActivityContext> waiting = isTraced ? WaitingFor(address) : [];
        wakes.Add(new Notice(() => Tell(address, mac, elapsed, waiting)), WakeReasons.Decided);
    }

    private List<ActivityContext> WaitingFor(HostAddress nextHop)
    {
        var waiting = new List<ActivityContext>();
        foreach ((RunningConnection connection, Activity span) in _traced)
        {
            if (span.IsStopped)
                _traced.Remove(connection);
            else if (connection.NextHop == nextHop)
                waiting.Add(span.Context);
        }

        return waiting;
    }

    private void Tell(HostAddress address, MacAddress? mac, TimeSpan elapsed, List<ActivityContext> waiting)
    {
        string? error = mac is null ? Names.HostUnreachable : null;
        if (mac is MacAddress found)
            LogMessages.NeighborFound(logger, stack, address, found, elapsed.TotalMilliseconds);
        else
            LogMessages.NeighborLost(logger, stack, address, elapsed.TotalMilliseconds);
        meter.OnResolved(stack, elapsed, error);
        foreach (ActivityContext parent in waiting)
        {
            Spans.Resolved(parent, address, elapsed, error);
        }
    }
}
