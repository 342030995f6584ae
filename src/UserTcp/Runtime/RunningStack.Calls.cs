using System.Net.Sockets;
using UserTcp.Links;
using UserTcp.Primitives;
using UserTcp.Stack;
using UserTcp.Tcp;

namespace UserTcp.Runtime;

/// <summary>What applications ask of a stack.</summary>
internal sealed partial class RunningStack
{
    /// <summary>Connects, or throws what the table of exceptions says.</summary>
    private async ValueTask<RunningConnection> ConnectCoreAsync(
        HostAddress remote, ushort port, ConnectionSettings settings, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        RunningConnection connection = BeginConnect(remote, port, settings);
        connection.LogConnecting();
        try
        {
            TimeSpan limit = settings.ConnectTimeout ?? Timeout.InfiniteTimeSpan;
            Task<bool> connected = connection.Connected;
            if (await connected.WaitAsync(limit, TimeProvider, Driver.Deferred(cancellationToken)).ConfigureAwait(false))
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
        using Door.Visit visit = Door.Enter();
        ThrowIfOver(visit);
        CallResult result = visit.Shard.Listen(call, out StackListener? core);
        if (result != CallResult.Done)
            throw ConnectErrors.ForListen(result, settings);

        var listener = new RunningListener(this, core!, connection, settings.Address.ToIPAddress());
        core!.Owner = listener;
        _listeners.Add(listener);
        return listener;
    }

    /// <summary>Asks another host whether it hears us (RFC 792).</summary>
    public async ValueTask<PingResult> PingAsync(
        HostAddress destination, int payloadBytes, TimeSpan timeout, byte timeToLive,
        CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        PingWait wait = BeginPing(destination, payloadBytes, timeToLive);
        try
        {
            PingResult? result = await wait.Task
                .WaitAsync(timeout, TimeProvider, Driver.Deferred(cancellationToken)).ConfigureAwait(false);
            return result ?? throw new SocketException(
                (int)SocketError.OperationAborted, "The stack ended while it waited for an answer.");
        }
        catch (TimeoutException)
        {
            return new PingResult(
                PingOutcome.TimedOut, wait.Key, TimeSpan.Zero, default(EchoAnswer) with { From = destination });
        }
        finally
        {
            using Door.Visit visit = Door.Enter();
            _pings.Remove(wait);
        }
    }

    private PingWait BeginPing(HostAddress destination, int payloadBytes, byte timeToLive)
    {
        byte[] payload = new byte[payloadBytes];
        for (int i = 0; i < payload.Length; i++)
        {
            payload[i] = (byte)i;
        }

        using Door.Visit visit = Door.Enter();
        ThrowIfOver(visit);
        uint key = _pings.NextKey();
        CallResult result = visit.Shard.Ping(
            WayTo(destination), (ushort)(key >> 16), (ushort)key, payload, timeToLive, visit.Now);
        if (result != CallResult.Done)
            throw ConnectErrors.ForConnect(result, destination, 0, _settings.ConnectionDefaults);

        return _pings.Add(key, visit.Now, Completions);
    }

    /// <summary>The machine's settings for a connection on this link.</summary>
    public TcpConfig ConfigFor(ConnectionSettings settings) => settings.ToConfig(Config);

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
}
