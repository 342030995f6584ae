using System.Diagnostics;
using Microsoft.Extensions.Logging;
using UserTcp.Diagnostics;
using UserTcp.Primitives;

namespace UserTcp.Runtime;

/// <summary>What is told to those who listen: meters, spans, taps. Outside the door, but for the samples.</summary>
internal sealed partial class RunningStack : IMeteredStack
{
    /// <summary>Where the stack reports to.</summary>
    public StackMeter Meter { get; }

    /// <summary>Connects, and tells how it went if anybody wants to know.</summary>
    public ValueTask<RunningConnection> ConnectAsync(
        HostAddress remote, ushort port, ConnectionSettings settings, CancellationToken cancellationToken) =>
        Meter.WantsConnects || Spans.Source.HasListeners()
            ? ConnectWatchedAsync(remote, port, settings, cancellationToken)
            : ConnectCoreAsync(remote, port, settings, cancellationToken);

    /// <summary>Listens, or throws what the table of exceptions says.</summary>
    public RunningListener Listen(ListenerSettings settings)
    {
        using Activity? span = Spans.StartListen(settings.Address, settings.Port);
        try
        {
            RunningListener listener = ListenCore(settings);
            if (ListenerLogger.IsEnabled(LogLevel.Debug))
                LogMessages.Listening(ListenerLogger, listener.LocalEndPoint.ToString());
            span?.SetTag(Names.LocalPort, listener.LocalEndPoint.Port);
            return listener;
        }
        catch (Exception e)
        {
            Spans.Fail(span, e);
            throw;
        }
    }

    StackSample? IMeteredStack.Sample(bool withConnections)
    {
        var sample = new StackSample { Stack = Name, Link = _link.Info.Name, LinkStatistics = _link.Statistics };
        RunningListener[] listeners = _listeners.All;
        foreach (RunningShard shard in _shards)
        {
            using Door.Visit visit = shard.Door.Enter();
            if (visit.IsDead)
                return null;

            foreach (RunningListener listener in listeners)
            {
                if (listener.CoreOf(shard) is { } core)
                    sample.Add(core, isFirst: shard.Index == 0);
            }

            sample.Read(visit.Shard);
            if (withConnections)
                sample.ReadConnections(visit.Shard);
        }

        return sample;
    }

    public void OnObserverFailed(long connection, Exception cause) =>
        LogMessages.ObserverFailed(ConnectionLogger, cause, connection);

    private void OnTapFailed(IPacketTap tap, Exception cause) =>
        LogMessages.TapFailed(_logger, cause, Name, tap.GetType().Name);

    private async ValueTask<RunningConnection> ConnectWatchedAsync(
        HostAddress remote, ushort port, ConnectionSettings settings, CancellationToken cancellationToken)
    {
        using Activity? span = Spans.StartConnect(remote, port);
        Instant start = _clock.Now;
        RunningConnection? connection = null;
        try
        {
            connection =
                await ConnectCoreAsync(remote, port, settings, cancellationToken).ConfigureAwait(false);
            span?.SetTag(Names.LocalAddress, connection.LocalEndPoint.Address.ToString())
                .SetTag(Names.LocalPort, connection.LocalEndPoint.Port);
            Meter.OnConnected(Name, remote, _clock.Now - start, error: null);
            return connection;
        }
        catch (Exception e)
        {
            connection?.Discard(); // a listener of the application's threw, and the caller gets no connection
            Spans.Fail(span, e);
            Meter.OnConnected(Name, remote, _clock.Now - start, Spans.ErrorType(e));
            throw;
        }
    }
}
