using System.Net;
using System.Threading.Channels;

namespace UserTcp.Tool.Perf;

/// <summary>One test at the server.</summary>
internal sealed class PerfServerTest(ControlChannel control, string cookie, TimeSpan interval, IPerfView shown)
    : IAsyncDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(10);

    // Streams come in on other tasks than the test's; who comes after the last one was awaited is turned away.
    private readonly Channel<PerfArrival> _arrived =
        Channel.CreateBounded<PerfArrival>(2 * PerfParameters.MaxStreams);

    private readonly PerfTranscript _view = new(shown);

    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile bool _isClosing;
    private PerfTransfer? _transfer;

    public IPerfView View => _view;

    public IPEndPoint Client => control.Connection.RemoteEndPoint;

    /// <summary>Whether all is said but the goodbye.</summary>
    public bool IsClosing => _isClosing;

    /// <summary>Completes when the server may begin another test.</summary>
    public Task Ended => _ended.Task;

    /// <summary>Takes a data connection of this test; false if it is none.</summary>
    public bool TryAddStream(PerfArrival arrival, string ofCookie) =>
        ofCookie == cookie && _arrived.Writer.TryWrite(arrival);

    /// <exception cref="ToolException">The client gave up, or asked for what is not done here.</exception>
    public async Task RunAsync(PerfListener listener, CancellationToken cancellationToken)
    {
        try
        {
            await _view.FrameAsync(() => RunCoreAsync(listener, cancellationToken));
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            await control.SayGoodbyeAsync(PerfState.ServerTerminate);
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        _ended.TrySetResult();
        if (_transfer is not null)
            await _transfer.DisposeAsync();

        _arrived.Writer.Complete();
        while (_arrived.Reader.TryRead(out PerfArrival left))
            left.Connection.Abort();

        await control.DisposeAsync();
    }

    private async Task RunCoreAsync(PerfListener listener, CancellationToken cancellationToken)
    {
        await control.SendAsync(PerfState.ParameterExchange, cancellationToken);
        PerfParameters parameters = await ReadParametersAsync(cancellationToken);

        _transfer = new PerfTransfer(parameters, isClient: false, interval, _view.Progressed);
        await OpenStreamsAsync(listener, parameters, _transfer, cancellationToken);
        var test = new PerfTest(parameters, cookie, IsClient: false, _transfer.Streams);
        _view.Started(test);
        await control.SendAsync(PerfState.TestStart, cancellationToken);
        await control.SendAsync(PerfState.TestRunning, cancellationToken);
        _transfer.Start();

        await control.ExpectAsync(PerfState.TestEnd, cancellationToken);
        PerfResults own = await _transfer.StopAsync();
        await _transfer.EndStreamsAsync();
        await control.SendAsync(PerfState.ExchangeResults, cancellationToken);
        PerfResults others = PerfResults.Parse(await control.ReadTextAsync(cancellationToken));
        var outcome = new PerfOutcome(test, own, others);
        if (parameters.WantsServerOutput)
        {
            _view.Ended(outcome); // its words are part of what the client gets
            own = own with { ServerOutput = _view.Output };
        }

        await control.SendTextAsync(own.ToJson(), cancellationToken);
        _isClosing = true;
        await control.SendAsync(PerfState.DisplayResults, cancellationToken);
        await control.ExpectAsync(PerfState.Done, cancellationToken);
        if (!parameters.WantsServerOutput)
            _view.Ended(outcome);
    }

    private async Task<PerfParameters> ReadParametersAsync(CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(s_patience);
        string text = await control.ReadTextAsync(patience.Token);
        PerfParameters parameters;
        try
        {
            parameters = PerfParameters.Parse(text);
        }
        catch (ToolException)
        {
            await control.SendErrorAsync(PerfError.NotImplemented, cancellationToken);
            throw;
        }

        if (parameters.Congestion is not { } congestion || PerfConnections.Knows(congestion))
            return parameters;

        await control.SendErrorAsync(PerfError.SetCongestion, cancellationToken);
        throw new ToolException(Failure.Receive, $"The client asks for the congestion control '{congestion}'.");
    }

    private async Task OpenStreamsAsync(
        PerfListener listener, PerfParameters parameters, PerfTransfer transfer, CancellationToken cancellationToken)
    {
        UserTcpConnectionOptions? options = PerfConnections.OptionsOf(parameters);
        if (options is not null)
            await listener.UseAsync(options, cancellationToken);

        try
        {
            await control.SendAsync(PerfState.CreateStreams, cancellationToken);
            await TakeStreamsAsync(transfer, parameters.TotalStreams, cancellationToken);
        }
        finally
        {
            // The next client is none of this test's business.
            if (options is not null)
                await listener.UseAsync(options: null, cancellationToken);
        }
    }

    // Both sides number the streams. The client opens one after the other: their places here are in its order, which
    // the cookies need not keep.
    private async Task TakeStreamsAsync(PerfTransfer transfer, int count, CancellationToken cancellationToken)
    {
        List<PerfArrival> streams = [];
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(s_patience);
        try
        {
            while (streams.Count < count)
                streams.Add(await _arrived.Reader.ReadAsync(patience.Token));
        }
        catch (OperationCanceledException error) when (!cancellationToken.IsCancellationRequested)
        {
            throw new ToolException(
                Failure.TimedOut, $"The client opened {streams.Count} of {count} streams.", error);
        }
        finally
        {
            foreach (PerfArrival stream in streams.OrderBy(stream => stream.Place))
                transfer.Add(stream.Connection);
        }
    }
}
