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
            Load = new ListenerLoad(),
        };
        lock (_listening)
            return ListenOnAll(call, settings, connection);
    }

    // Each shard listens to the port that the first one chose. If one cannot, none does.
    private RunningListener ListenOnAll(ListenCall call, ListenerSettings settings, ConnectionSettings connection)
    {
        RunningListener? listener = null;
        try
        {
            foreach (RunningShard shard in _shards)
            {
                using Door.Visit visit = shard.Door.Enter();
                ThrowIfOver(visit);
                CallResult result = visit.Shard.Listen(call, out StackListener? core);
                if (result != CallResult.Done)
                    throw ConnectErrors.ForListen(result, settings);

                call = call with { Port = core!.Port };
                listener ??= new RunningListener(this, call, connection, settings.Address.ToIPAddress());
                _listeners.Add(listener);
                listener.OnOpened(shard, core);
            }

            return listener!;
        }
        catch
        {
            listener?.Close();
            throw;
        }
    }

    /// <summary>Runs something that opens or closes a listener on one shard after the other.</summary>
    public void ForEachShard(Action<RunningShard> act)
    {
        lock (_listening)
            Array.ForEach(_shards, act);
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
            using Door.Visit visit = _shards[0].Door.Enter();
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

        using Door.Visit visit = _shards[0].Door.Enter();
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

    public LinkStatistics LinkStatistics => _link.Statistics;

    /// <summary>All listeners that are not closed.</summary>
    public OpenListeners Listeners => _listeners;

    /// <summary>The connections that the application knows of and that are not over.</summary>
    public RunningConnection[] GetConnections() =>
        _shards.Length == 1 ? _shards[0].GetConnections() : [.. _shards.SelectMany(shard => shard.GetConnections())];

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
        if (_host.ShardFor(call) is int owner)
            return Connect(_shards[owner], call, settings, out CallResult only) ?? throw Failed(only);

        // Each shard has some of the ports; the connections go round.
        CallResult result = CallResult.NoPortLeft;
        int first = (int)((uint)Interlocked.Increment(ref _nextShard) % (uint)_shards.Length);
        for (int i = 0; i < _shards.Length && result == CallResult.NoPortLeft; i++)
        {
            RunningShard shard = _shards[(first + i) % _shards.Length];
            if (Connect(shard, call, settings, out result) is { } connection)
                return connection;
        }

        throw Failed(result);

        Exception Failed(CallResult why) => ConnectErrors.ForConnect(why, remote, port, settings);
    }

    private RunningConnection? Connect(
        RunningShard shard, in ConnectCall call, ConnectionSettings settings, out CallResult result)
    {
        using Door.Visit visit = shard.Door.Enter();
        ThrowIfOver(visit);
        result = visit.Shard.Connect(call, visit.Now, out StackConnection? core);
        return result == CallResult.Done ? shard.OnNewConnection(visit, core!, settings) : null;
    }

    // Errors name the address that the caller asked for.
    private HostAddress WayTo(HostAddress remote) =>
        remote.IsLoopback && _settings.LoopbackAlias is HostAddress alias ? alias : remote;

    /// <summary>Under a door: the exception of a call on a stack that has ended, or ends.</summary>
    public void ThrowIfOver(Door.Visit visit)
    {
        if (FaultCause is Exception fault)
            throw ConnectErrors.Faulted(fault);
        if (_isStopping || visit.IsDead)
            throw ConnectErrors.Disposed();
    }
}
