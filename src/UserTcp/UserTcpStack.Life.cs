using System.Net;
using System.Net.NetworkInformation;
using UserTcp.Links;
using UserTcp.Primitives;
using UserTcp.Runtime;

namespace UserTcp;

/// <content>The start, the end, and the calls that start the stack on first use.</content>
public sealed partial class UserTcpStack
{
    private readonly SemaphoreSlim _starting = new(1, 1);
    private readonly CancellationTokenSource _stopping = new();
    private readonly Lock _disposing = new();
    private volatile UserTcpStackState _state;
    private volatile RunningStack? _running;
    private volatile LinkDevice? _openedLink;
    private readonly TaskCompletionSource _completion;
    private Task? _disposal;

    /// <summary>
    /// Completes when the stack has ended by its disposal. Fails when the stack has
    /// <see cref="UserTcpStackState.Faulted"/>, with the exception that ended it: an <see cref="IOException"/> if the
    /// link is gone.
    /// </summary>
    /// <remarks>
    /// A failed start is not an end: it may be tried again. Dispose of the stack after a fault, too.
    /// </remarks>
    public Task Completion => _completion.Task;

    /// <summary>
    /// Does the same as <see cref="DisposeAsync"/> and blocks until it is done. A call on the stack's own thread, from
    /// a continuation that runs inline, does not wait.
    /// </summary>
    public void Dispose() => WaitFor(BeginDispose(_settings.ShutdownTimeout));

    /// <summary>
    /// Resets every connection at once and disposes of the stack, also while <see cref="DisposeAsync"/> still waits for
    /// acknowledgements. Bytes that were not acknowledged are lost. Blocks until the stack's thread has ended, which
    /// takes milliseconds; on that thread it does not wait. Idempotent.
    /// </summary>
    public void Abort()
    {
        Task end = BeginDispose(TimeSpan.Zero);
        _running?.Stop();
        WaitFor(end);
    }

    /// <summary>
    /// Takes no more work, sends FIN on every connection, waits up to
    /// <see cref="UserTcpStackOptions.ShutdownTimeout"/> for queued bytes to be acknowledged, resets what is left and
    /// closes the link. The peers always hear FIN or RST. Idempotent: later calls wait for the first.
    /// </summary>
    /// <returns>Completed when the link is closed.</returns>
    public ValueTask DisposeAsync() => new(BeginDispose(_settings.ShutdownTimeout));

    private static InvalidOperationException NotStarted() =>
        new("This is known once the stack has started: await StartAsync first.");

    private async ValueTask<RunningStack> RunAsync(CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_stopping.IsCancellationRequested, this);
        cancellationToken.ThrowIfCancellationRequested();
        if (_state == UserTcpStackState.Running)
            return _running!;

        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _stopping.Token);
        try
        {
            await _starting.WaitAsync(either.Token).ConfigureAwait(false);
            try
            {
                return _state == UserTcpStackState.Running
                    ? _running!
                    : await StartCoreAsync(either.Token).ConfigureAwait(false);
            }
            finally
            {
                _starting.Release();
            }
        }
        catch (OperationCanceledException)
        {
            // The caller is told in its own words: its token, or that the stack went away.
            cancellationToken.ThrowIfCancellationRequested();
            throw new ObjectDisposedException(nameof(UserTcpStack));
        }
    }

    private async Task<RunningStack> StartCoreAsync(CancellationToken cancellationToken)
    {
        _state = UserTcpStackState.Starting;
        RunningStack? running = null;
        try
        {
            _openedLink ??= _settings.LinkName is string name ? LinkDevice.Open(name) : null;
            running = new RunningStack(_settings, OffloadFor(_settings.Link ?? _openedLink!));
            _running = running;
            await running.StartAsync(cancellationToken).ConfigureAwait(false);
            _state = UserTcpStackState.Running;
            _ = FollowAsync(running);
            return running;
        }
        catch
        {
            await UndoStartAsync(running).ConfigureAwait(false);
            throw;
        }
    }

    // A link that the caller opened stays open, so that it can be tried again.
    private async Task UndoStartAsync(RunningStack? running)
    {
        _running = null;
        if (running is not null)
        {
            running.Stop();
            await running.EndAsync().ConfigureAwait(false);
        }

        _openedLink?.Dispose();
        _openedLink = null;
        _state = UserTcpStackState.Created;
    }

    // The decorator belongs to one run, the device to the stack: disposing of the device is enough.
    private static LinkDevice OffloadFor(LinkDevice device)
    {
        const LinkFeatures Wanted = LinkFeatures.TransmitChecksum | LinkFeatures.TransmitSegmentation;
        return (device.Info.Features & Wanted) == Wanted ? device : new SoftwareOffload(device);
    }

    private async Task FollowAsync(RunningStack running)
    {
        Exception cause = await running.Faulted.ConfigureAwait(false);
        if (_completion.TrySetException(cause))
            _ = _completion.Task.Exception; // nobody has to await it: the fault was logged
    }

    // The thread that turns the stack would wait for itself.
    private void WaitFor(Task end)
    {
        if (end.IsCompleted || _running is not RunningStack running || !running.NeedsThisThread)
            end.GetAwaiter().GetResult();
    }

    private Task BeginDispose(TimeSpan drain)
    {
        // Outside the lock: whoever waits for the start goes on from here.
        _stopping.Cancel();
        lock (_disposing)
            return _disposal ??= DisposeCoreAsync(drain);
    }

    private async Task DisposeCoreAsync(TimeSpan drain)
    {
        // A start that is under way ends first, by the token.
        await _starting.WaitAsync().ConfigureAwait(false);
        if (_running is RunningStack running)
        {
            _state = UserTcpStackState.Stopping;
            if (drain > TimeSpan.Zero)
                await running.DrainAsync(drain).ConfigureAwait(false);
            running.Stop();
            await running.EndAsync().ConfigureAwait(false);
        }

        if (!_settings.LeaveLinkOpen)
            _settings.Link?.Dispose();
        _openedLink?.Dispose();
        _state = UserTcpStackState.Stopped;
        _completion.TrySetResult();
    }

    // Where something stands for the loopback, that of IPv6 will do as well.
    private HostAddress Destination(IPAddress address, string name) =>
        _settings.LoopbackAlias is not null && HostAddress.From(address) is { IsLoopback: true } loopback
            ? loopback
            : OptionCheck.Destination(address, name);

    private async ValueTask<UserTcpConnection> ConnectCoreAsync(
        HostAddress remote, ushort port, ConnectionSettings settings, CancellationToken cancellationToken)
    {
        RunningStack running = await RunAsync(cancellationToken).ConfigureAwait(false);
        return UserTcpConnection.Of(
            await running.ConnectAsync(remote, port, settings, cancellationToken).ConfigureAwait(false));
    }

    private async ValueTask<UserTcpListener> ListenCoreAsync(
        ListenerSettings settings, CancellationToken cancellationToken)
    {
        RunningStack running = await RunAsync(cancellationToken).ConfigureAwait(false);
        return new UserTcpListener(running.Listen(settings));
    }

    private async ValueTask<UserTcpRequestListener> ListenForRequestsCoreAsync(
        ListenerSettings settings, CancellationToken cancellationToken)
    {
        RunningStack running = await RunAsync(cancellationToken).ConfigureAwait(false);
        return new UserTcpRequestListener(running.Listen(settings));
    }

    private async ValueTask<UserTcpPingReply> PingCoreAsync(
        HostAddress destination, int length, TimeSpan timeout, byte timeToLive, CancellationToken cancellationToken)
    {
        RunningStack running = await RunAsync(cancellationToken).ConfigureAwait(false);
        PingResult result = await running
            .PingAsync(destination, length, timeout, timeToLive, cancellationToken).ConfigureAwait(false);
        IPStatus status = result.Outcome switch
        {
            PingOutcome.Answered => IPStatus.Success,
            PingOutcome.TimedOut => IPStatus.TimedOut,
            _ => IPStatus.DestinationHostUnreachable,
        };
        return new UserTcpPingReply
        {
            Status = status,
            Address = result.Answer.From.ToIPAddress(),
            RoundTripTime = result.RoundTrip,
            DataLength = result.Answer.PayloadLength,
            TimeToLive = status == IPStatus.Success ? result.Answer.TimeToLive : (byte)0,
            Identifier = (ushort)(result.Key >> 16),
            SequenceNumber = (ushort)result.Key,
        };
    }
}
