using UserTcp.Links;
using UserTcp.Runtime;

namespace UserTcp;

/// <summary>
/// The life of a stack: it starts on first use, once at a time, and again if that failed; and it ends once. All members
/// are thread-safe.
/// </summary>
internal sealed class StackLife(StackSettings settings)
{
    private readonly SemaphoreSlim _starting = new(1, 1);
    private readonly CancellationTokenSource _stopping = new();
    private readonly Lock _disposing = new();
    private readonly TaskCompletionSource _completion = new(settings.Completions);
    private volatile UserTcpStackState _state;
    private volatile RunningStack? _running;
    private volatile LinkDevice? _openedLink;
    private LinkDevice[]? _queues; // of the link, as long as it is open
    private Task? _disposal;

    public UserTcpStackState State =>
        _state == UserTcpStackState.Running && _running?.FaultCause is not null ? UserTcpStackState.Faulted : _state;

    /// <summary>The run that is under way; null before the start.</summary>
    public RunningStack? Running => _running;

    /// <summary>The link of the options, or the one that the stack opened; null before that.</summary>
    public LinkDevice? Link => settings.Link ?? _openedLink;

    /// <summary>The end of the stack: by its disposal, or by the exception of a fault.</summary>
    public Task Completion => _completion.Task;

    /// <summary>The run that is under way; starts it if there is none.</summary>
    /// <exception cref="ObjectDisposedException">The stack was disposed of.</exception>
    public async ValueTask<RunningStack> RunAsync(CancellationToken cancellationToken)
    {
        ThrowIfOver();
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

    /// <summary>Resets every connection, and cuts a drain short.</summary>
    public void Abort()
    {
        Task end = BeginDispose(TimeSpan.Zero);
        _running?.Stop();
        WaitFor(end);
    }

    /// <summary>Waits for the end; the thread that turns the stack would wait for itself, and does not.</summary>
    public void WaitFor(Task end)
    {
        if (end.IsCompleted || _running is not RunningStack running || !running.NeedsThisThread)
            end.GetAwaiter().GetResult();
    }

    /// <summary>Begins the end, unless it has begun.</summary>
    /// <returns>Completed when the link is closed.</returns>
    public Task BeginDispose(TimeSpan drain)
    {
        // Outside the lock: whoever waits for the start goes on from here.
        _stopping.Cancel();
        lock (_disposing)
            return _disposal ??= DisposeCoreAsync(drain);
    }

    public void ThrowIfOver() =>
        ObjectDisposedException.ThrowIf(_stopping.IsCancellationRequested, typeof(UserTcpStack));

    private async Task<RunningStack> StartCoreAsync(CancellationToken cancellationToken)
    {
        _state = UserTcpStackState.Starting;
        RunningStack? running = null;
        try
        {
            _openedLink ??= settings.LinkName is string name ? LinkNames.Open(name, settings.Shards) : null;
            _queues ??= QueueSharing.Of(settings.Link ?? _openedLink!, settings.Shards);
            running = new RunningStack(settings, [.. _queues.Select(OffloadFor)]);
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

        if (_openedLink is not null)
            CloseLink(_openedLink);
        _openedLink = null;
        _state = UserTcpStackState.Created;
    }

    // The first queue stands for all.
    private void CloseLink(LinkDevice link)
    {
        (_queues?[0] ?? link).Dispose();
        _queues = null;
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

        if (Link is { } link && (link == _openedLink || !settings.LeaveLinkOpen))
            CloseLink(link);
        _state = UserTcpStackState.Stopped;
        _completion.TrySetResult();
    }
}
