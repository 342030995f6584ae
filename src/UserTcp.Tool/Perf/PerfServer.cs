using System.Net;
using System.Net.Sockets;
using UserTcp.Tool.Network;

namespace UserTcp.Tool.Perf;

/// <summary>The server: one test at a time, others are turned away.</summary>
internal sealed class PerfServer(
    NetworkSession session, IPEndPoint local, TimeSpan interval, Func<IPerfView> makeView)
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(10);
    private readonly Lock _lock = new();
    private PerfServerTest? _current;

    /// <summary>Takes lines that belong to no test.</summary>
    public required Action<string> Tell { get; init; }

    /// <summary>Runs until somebody stops it, or for one test.</summary>
    /// <param name="onlyOne">Whether to end after a test; its failure is thrown then.</param>
    /// <param name="cancellationToken">Stops.</param>
    /// <exception cref="ToolException">The port cannot be listened on, or the only test failed.</exception>
    public async Task RunAsync(bool onlyOne, CancellationToken cancellationToken)
    {
        await using PerfListener listener = await PerfListener.StartAsync(session, local, cancellationToken);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var over = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Tell($"Server listening on {local.Port}");
        Task accepting = AcceptAsync(listener, onlyOne ? over : null, stop.Token);
        await Task.WhenAny(over.Task, accepting);
        await stop.CancelAsync();
        await accepting;
        if (over.Task.IsCompleted)
            await over.Task;
        cancellationToken.ThrowIfCancellationRequested();
    }

    private async Task AcceptAsync(PerfListener listener, TaskCompletionSource? over, CancellationToken stop)
    {
        List<Task> work = [];
        try
        {
            for (long place = 0; ; place++)
            {
                var arrival = new PerfArrival(place, await listener.AcceptAsync(stop));
                work.RemoveAll(task => task.IsCompleted);
                work.Add(Task.Run(() => TakeAsync(listener, arrival, over, stop), CancellationToken.None));
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            await Task.WhenAll(work);
        }
        catch (SocketException error)
        {
            // The link is gone, and what is under way ends with it; a test that is over by then is none the worse.
            await Task.WhenAll(work);
            if (over is not { Task.IsCompleted: true })
                throw new ToolException(Failure.Link, error.Message, error);
        }
    }

    // Which connection it is shows its cookie. Nothing that one client does may end the server.
    private async Task TakeAsync(
        PerfListener listener, PerfArrival arrival, TaskCompletionSource? over, CancellationToken stop)
    {
        var channel = new ControlChannel(arrival.Connection);
        try
        {
            string cookie = await ReadCookieAsync(channel, stop);
            (PerfServerTest? current, bool isNew) = await FindAsync(channel, arrival, cookie, stop);
            if (current is null)
            {
                await channel.SendAsync(PerfState.AccessDenied, stop);
                await channel.DisposeAsync();
            }
            else if (isNew)
            {
                await RunAsync(listener, current, over, stop);
            }
        }
        catch (Exception error) when (error is ToolException or OperationCanceledException)
        {
            Tell($"A connection from {arrival.Connection.RemoteEndPoint} ended early: {error.Message}");
            arrival.Connection.Abort();
        }
    }

    private static async Task<string> ReadCookieAsync(ControlChannel channel, CancellationToken stop)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(stop);
        patience.CancelAfter(s_patience);
        return await channel.ReadCookieAsync(patience.Token);
    }

    // The client of a test that is as good as over may be back before its goodbye has been dealt with.
    private async Task<(PerfServerTest? Test, bool IsNew)> FindAsync(
        ControlChannel channel, PerfArrival arrival, string cookie, CancellationToken stop)
    {
        while (true)
        {
            PerfServerTest current;
            lock (_lock)
            {
                if (_current is null)
                    return (_current = new PerfServerTest(channel, cookie, interval, makeView()), true);

                current = _current;
            }

            if (current.TryAddStream(arrival, cookie))
                return (current, false);
            if (!current.IsClosing)
                return (null, false);

            await current.Ended.WaitAsync(stop);
        }
    }

    private async Task RunAsync(
        PerfListener listener, PerfServerTest test, TaskCompletionSource? over, CancellationToken stop)
    {
        IPEndPoint client = test.Client;
        Tell($"Accepted connection from {client.Address}, port {client.Port}");
        test.View.Accepted(client);
        try
        {
            await test.RunAsync(listener, stop);
            over?.TrySetResult();
        }
        catch (ToolException error)
        {
            test.View.Failed(error.Message);
            Tell($"The test with {client.Address} failed: {error.Message}");
            over?.TrySetException(error);
        }
        catch (OperationCanceledException)
        {
            test.View.Failed("interrupt - the server has terminated");
            throw;
        }
        finally
        {
            lock (_lock)
                _current = null;
            await test.DisposeAsync();
        }
    }
}
