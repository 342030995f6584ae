using Microsoft.Extensions.Logging;
using UserTcp.Diagnostics;
using UserTcp.Links;
using UserTcp.Primitives;
using UserTcp.Stack;
using UserTcp.Tcp;

namespace UserTcp.Runtime;

/// <summary>What applications ask of a stack.</summary>
internal sealed partial class RunningStack
{
    /// <summary>The two bits below belong to ECN (RFC 3168 §5).</summary>
    private const int TrafficClassMask = 0xfc;

    /// <summary>Connects, or throws what the table of exceptions says.</summary>
    private async ValueTask<RunningConnection> ConnectCoreAsync(
        HostAddress remote, ushort port, ConnectionSettings settings, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        RunningConnection connection = BeginConnect(remote, port, settings);
        LogConnecting(connection);
        try
        {
            TimeSpan limit = settings.ConnectTimeout ?? Timeout.InfiniteTimeSpan;
            Task<bool> connected = connection.Connected;
            if (await connected.WaitAsync(limit, TimeProvider, Deferred(cancellationToken)).ConfigureAwait(false))
                return connection;

            throw ConnectErrors.Make(connection, remote, port, FaultCause);
        }
        catch (TimeoutException)
        {
            connection.Discard();
            throw ConnectErrors.TimedOut(connection, remote, port, settings.ConnectTimeout);
        }
        catch
        {
            // The handshake may have ended meanwhile, and text may have come with it.
            connection.Discard();
            throw;
        }
    }

    private RunningListener ListenCore(ListenerSettings settings)
    {
        ConnectionSettings connection = settings.Connection ?? _settings.ConnectionDefaults;
        var call = new ListenCall
        {
            Mode = settings.AnyAddress ? ListenMode.AnyAddress
                : settings.Address.IsUnspecified ? ListenMode.OwnAddresses : ListenMode.OneAddress,
            Address = settings.Address,
            Port = settings.Port,
            Backlog = settings.Backlog,
            SynBacklog = settings.SynBacklog,
            HandsOutRequests = settings.HandsOutRequests,
            SynCookies = settings.SynCookies,
            Config = ConfigFor(connection),
        };
        RunningListener listener;
        using (Door.Visit visit = Door.Enter())
        {
            ThrowIfOver(visit);
            CallResult result = visit.Shard.Listen(call, out StackListener? core);
            if (result != CallResult.Done)
                throw ConnectErrors.ForListen(result, settings);

            listener = new RunningListener(this, core!, connection, settings.Address.ToIPAddress());
            core!.Owner = listener;
            _listeners.Add(listener);
        }

        if (ListenerLogger.IsEnabled(LogLevel.Debug))
            LogMessages.Listening(ListenerLogger, listener.LocalEndPoint.ToString());
        return listener;
    }

    /// <summary>The machine's settings for a connection on this link.</summary>
    public TcpConfig ConfigFor(ConnectionSettings settings)
    {
        Mss mss = Mss.FromMtu(Config.Mtu, IpFamily.V4);
        var config = new TcpConfig
        {
            NoDelay = settings.NoDelay,
            ReceiveBufferBytes = settings.ReceiveBufferBytes,
            SendBufferBytes = settings.SendBufferBytes,
            ReceiveMss = settings.MaxSegmentSize is int size ? Mss.Min(mss, new Mss(size)) : mss,
            WindowScaling = settings.WindowScaling,
            SelectiveAcknowledgments = settings.SelectiveAcknowledgments,
            Timestamps = settings.Timestamps,
            InitialWindowSegments = settings.InitialWindowSegments,
            InitialRto = settings.InitialRto,
            MinRto = settings.MinRto,
            MaxRto = settings.MaxRto,
            R2 = settings.RetransmitLimit,
            R1 = settings.AdviceThreshold,
            SynAckRetries = settings.SynAckRetries,
            PersistMax = settings.PersistMax,
            SynR2 = settings.SynTimeout,
            DelayedAck = settings.DelayedAck,
            OrphanTimeout = settings.OrphanTimeout,
            TimeWait = Config.TimeWait,
            UserTimeout = settings.UserTimeout,
            KeepAlive = settings.KeepAlive is not null,
            KeepAliveTime = settings.KeepAlive?.Time ?? TimeSpan.FromHours(2),
            KeepAliveInterval = settings.KeepAlive?.Interval ?? TimeSpan.FromSeconds(75),
            KeepAliveProbes = settings.KeepAlive?.Probes ?? 9,
            TrafficClass = (byte)(settings.TrafficClass & TrafficClassMask),
            TimeToLive = settings.TimeToLive,
        };
        return WithRecovery(config, settings);
    }

    private static TcpConfig WithRecovery(TcpConfig config, ConnectionSettings settings) => config with
    {
        CongestionControl = settings.CongestionControl,
        LossRecovery = settings.LossRecovery,
        Pacing = settings.Pacing,
        SlowStartAfterIdle = settings.SlowStartAfterIdle,
        Ecn = settings.Ecn,
        AutoTuneBuffers = settings.AutoTuneBuffers,
        BlackHoleDetection = settings.BlackHoleDetection,
    };

    /// <summary>Looks at the stack, at one moment.</summary>
    public TResult Look<TResult>(Func<Shard, Instant, TResult> look)
    {
        using Door.Visit visit = Door.Enter();
        return look(visit.Shard, visit.Now);
    }

    /// <summary>Looks at the stack, at one moment; null if it is over.</summary>
    public TResult? LookIfAlive<TResult>(Func<Shard, Instant, TResult?> look)
        where TResult : class
    {
        using Door.Visit visit = Door.Enter();
        return visit.IsDead ? null : look(visit.Shard, visit.Now);
    }

    public LinkStatistics LinkStatistics => _link.Statistics;

    /// <summary>Looks at all listeners, at one moment.</summary>
    public List<TResult> LookAtListeners<TResult>(Func<RunningListener, TResult> look)
    {
        using Door.Visit visit = Door.Enter();
        return [.. _listeners.Select(look)];
    }

    /// <summary>The connections that the application knows of and that are not over.</summary>
    public RunningConnection[] GetConnections()
    {
        using Door.Visit visit = Door.Enter();
        return [.. _connections];
    }

    private RunningConnection BeginConnect(HostAddress remote, ushort port, ConnectionSettings settings)
    {
        var call = new ConnectCall
        {
            Remote = WayTo(remote),
            RemotePort = port,
            Local = settings.LocalAddress,
            LocalPort = settings.LocalPort,
            Config = ConfigFor(settings),
        };
        using Door.Visit visit = Door.Enter();
        ThrowIfOver(visit);
        CallResult result = visit.Shard.Connect(call, visit.Now, out StackConnection? core);
        return result == CallResult.Done
            ? OnNewConnection(visit, core!, settings)
            : throw ConnectErrors.ForConnect(result, remote, port, settings);
    }

    // Errors name the address that the caller asked for.
    private HostAddress WayTo(HostAddress remote) =>
        remote.IsLoopback && _settings.LoopbackAlias is HostAddress alias ? alias : remote;

    private void ThrowIfOver(Door.Visit visit)
    {
        if (_fault is not null)
            throw ConnectErrors.Faulted(_fault);
        if (_isStopping || visit.IsDead)
            throw ConnectErrors.Disposed();
    }

    private void LogConnecting(RunningConnection connection)
    {
        if (!ConnectionLogger.IsEnabled(LogLevel.Debug))
            return;

        LogMessages.Connecting(
            ConnectionLogger, connection.Id, connection.RemoteEndPoint.ToString(), connection.LocalEndPoint.ToString());
    }
}
