using System.Buffers;
using System.Globalization;
using System.IO.Pipelines;
using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;

namespace UserTcp.AspNetCore;

/// <summary>
/// A connection in the shape of Microsoft.AspNetCore.Connections, its own features included. Its transport is the pipes
/// of the connection: nothing is copied between, only exceptions are replaced.
/// </summary>
internal sealed class TransportConnection : ConnectionContext, IConnectionIdFeature, IConnectionTransportFeature,
    IConnectionItemsFeature, IConnectionLifetimeFeature, IConnectionEndPointFeature, IMemoryPoolFeature,
    IUserTcpConnectionFeature
{
    /// <summary>
    /// How long a peer may take to close after we did, before what it sends on is answered with RST.
    /// </summary>
    private static readonly TimeSpan s_linger = TimeSpan.FromSeconds(5);

    /// <summary>
    /// How long a failed read waits until all have heard of the end: who registered may do anything, even wait for it.
    /// </summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(10);

    private readonly Lock _ending = new();
    private readonly ConnectionSurroundings _surroundings;
    private readonly CancellationTokenSource _closed = new();
    private IDictionary<object, object?>? _items;

    public TransportConnection(UserTcpConnection connection, ConnectionSurroundings surroundings)
    {
        Connection = connection;
        Transport = new TransportPipes(new TransportReader(connection.Input, Translate), connection.Output);
        _surroundings = surroundings;
        ConnectionId = string.Create(CultureInfo.InvariantCulture, $"usertcp-{connection.Id}");
        ConnectionClosed = _closed.Token;
        LocalEndPoint = connection.LocalEndPoint;
        RemoteEndPoint = connection.RemoteEndPoint;
        Features = OwnFeatures();
        _ = WatchAsync();
    }

    public UserTcpConnection Connection { get; }

    /// <remarks>TLS puts its own over it; what is disposed of is the connection.</remarks>
    public override IDuplexPipe Transport { get; set; }

    public override string ConnectionId { get; set; }

    public override IFeatureCollection Features { get; }

    public override IDictionary<object, object?> Items
    {
        get => _items ??= new ConnectionItems();
        set => _items = value;
    }

    public override CancellationToken ConnectionClosed { get; set; }

    public override EndPoint? LocalEndPoint { get; set; }

    public override EndPoint? RemoteEndPoint { get; set; }

    public MemoryPool<byte> MemoryPool => _surroundings.MemoryPool;

    /// <summary>
    /// RST. Reads that wait fail with the reason, flushes complete; the pipes stay the server's to complete.
    /// </summary>
    /// <remarks>
    /// Kestrel gives no reason, whatever the signature says, once it heard that the client has ended: it then completes
    /// its output, and a FIN is all there is to say.
    /// </remarks>
    public override void Abort(ConnectionAbortedException? abortReason)
    {
        if (abortReason is null)
            return;
        TransportLog.ConnectionWriteRst(_surroundings.Logger, ConnectionId, abortReason.Message);
        Connection.Abort(abortReason);
    }

    /// <summary>
    /// FIN behind what was written, and the server need not wait for the peer. What the peer still sends is taken and
    /// dropped for a while: a reset because of it would overtake the last response and destroy it.
    /// </summary>
    public override async ValueTask DisposeAsync()
    {
        if (!Connection.Closed.IsCompleted)
            TransportLog.ConnectionWriteFin(_surroundings.Logger, ConnectionId);
        await Connection.Output.CompleteAsync().ConfigureAwait(false);
        await Connection.Input.CompleteAsync().ConfigureAwait(false);
        End();
        if (Connection.Closed.IsCompleted)
            await Connection.DisposeAsync().ConfigureAwait(false);
        else
            _ = LingerAsync();
    }

    private FeatureCollection OwnFeatures()
    {
        var features = new FeatureCollection(initialCapacity: 7);
        features.Set<IConnectionIdFeature>(this);
        features.Set<IConnectionTransportFeature>(this);
        features.Set<IConnectionItemsFeature>(this);
        features.Set<IConnectionLifetimeFeature>(this);
        features.Set<IConnectionEndPointFeature>(this);
        features.Set<IMemoryPoolFeature>(this);
        features.Set<IUserTcpConnectionFeature>(this);
        return features;
    }

    /// <summary>Notices the end, whoever brings it.</summary>
    private async Task WatchAsync()
    {
        UserTcpCloseReason reason = await Connection.InputClosed.ConfigureAwait(false);
        if (reason == UserTcpCloseReason.Graceful)
        {
            TransportLog.ConnectionReadFin(_surroundings.Logger, ConnectionId);
            if (_surroundings.AllowHalfOpen)
                reason = await Connection.Closed.ConfigureAwait(false);
        }

        if (reason == UserTcpCloseReason.ResetByPeer)
            TransportLog.ConnectionReset(_surroundings.Logger, ConnectionId);
        else if (reason is not (UserTcpCloseReason.Graceful or UserTcpCloseReason.ResetByLocal))
            TransportLog.ConnectionError(_surroundings.Logger, ConnectionId, reason);
        if (Thread.CurrentThread.IsThreadPoolThread)
            End();
        else
            ThreadPool.UnsafeQueueUserWorkItem(static self => self.End(), this, preferLocal: false);
    }

    /// <summary>
    /// The exception of a failed read. The token comes first: Kestrel takes what a handler throws for the handler's
    /// mistake, and says so in the log, unless it has heard of the connection's end before.
    /// </summary>
    private Exception Translate(UserTcpConnectionException error)
    {
        End(s_patience);
        return TransportErrors.Translate(error);
    }

    /// <summary>Cancels the token. Not on the stack's loop: who registered with it may do anything.</summary>
    /// <param name="patience">
    /// How long to wait for another thread that is at it; the source itself would return before all have heard.
    /// </param>
    private void End(TimeSpan patience = default)
    {
        if (!_ending.TryEnter(patience))
            return;

        try
        {
            _closed.Cancel();
        }
        catch (AggregateException failures)
        {
            TransportLog.CallbackFailed(_surroundings.Logger, ConnectionId, failures);
        }
        finally
        {
            _ending.Exit();
        }
    }

    private async Task LingerAsync()
    {
        try
        {
            await Connection.Closed.WaitAsync(s_linger, _surroundings.Time).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            // From here on the stack looks after what is left, and answers what was left unread with RST.
        }

        await Connection.DisposeAsync().ConfigureAwait(false);
    }
}
