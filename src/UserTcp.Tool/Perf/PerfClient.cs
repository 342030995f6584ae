using System.Net;
using UserTcp.Tool.Network;

namespace UserTcp.Tool.Perf;

/// <summary>The client of a test: it says what is done and when it is over.</summary>
internal sealed class PerfClient(
    NetworkSession session, PerfTarget target, PerfParameters parameters, TimeSpan interval, IPerfView view)
{
    private static readonly TimeSpan s_goodbye = TimeSpan.FromSeconds(5);
    private readonly string _cookie = PerfCookie.Create();

    /// <exception cref="ToolException">The server could not be reached, or gave up.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await using ControlChannel control = await OpenAsync(cancellationToken);
        await using var transfer = new PerfTransfer(
            parameters, isClient: true, interval, view.Progressed);
        try
        {
            await view.FrameAsync(() => RunAsync(control, transfer, cancellationToken));
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            await control.SayGoodbyeAsync(PerfState.ClientTerminate);
            throw;
        }
    }

    private async Task<ControlChannel> OpenAsync(CancellationToken cancellationToken)
    {
        var options = new UserTcpConnectionOptions
        {
            ConnectTimeout = target.ConnectTimeout, LocalEndPoint = target.LocalEndPoint,
        };
        UserTcpConnection connection = await session
            .ConnectAsync(target.Host, target.Port, options, cancellationToken);
        var control = new ControlChannel(connection);
        await control.SendCookieAsync(_cookie, cancellationToken);
        return control;
    }

    private async Task RunAsync(ControlChannel control, PerfTransfer transfer, CancellationToken cancellationToken)
    {
        await ExpectAsync(control, PerfState.ParameterExchange, cancellationToken);
        await control.SendTextAsync(parameters.ToJson(), cancellationToken);

        await ExpectAsync(control, PerfState.CreateStreams, cancellationToken);
        await CreateStreamsAsync(control.Connection.RemoteEndPoint, transfer, cancellationToken);

        await ExpectAsync(control, PerfState.TestStart, cancellationToken);
        var test = new PerfTest(parameters, _cookie, IsClient: true, transfer.Streams);
        view.Started(test);
        await ExpectAsync(control, PerfState.TestRunning, cancellationToken);
        transfer.Start();
        Task<PerfState> next = await WaitForEndAsync(control, transfer, cancellationToken);
        PerfResults own = await transfer.StopAsync();
        await control.SendAsync(PerfState.TestEnd, cancellationToken);

        await CheckAsync(control, await next, PerfState.ExchangeResults, cancellationToken);
        await control.SendTextAsync(own.ToJson(), cancellationToken);
        PerfResults others = PerfResults.Parse(await control.ReadTextAsync(cancellationToken));
        await ExpectAsync(control, PerfState.DisplayResults, cancellationToken);
        await control.SendAsync(PerfState.Done, cancellationToken);
        view.Ended(new PerfOutcome(test, own, others));
    }

    private async Task CreateStreamsAsync(
        IPEndPoint server, PerfTransfer transfer, CancellationToken cancellationToken)
    {
        UserTcpConnectionOptions options = PerfConnections.OptionsOf(parameters) ?? new UserTcpConnectionOptions();
        options.LocalEndPoint = target.LocalEndPoint;
        for (int i = 0; i < parameters.TotalStreams; i++)
        {
            UserTcpConnection connection = await session.ConnectAsync(server, options, cancellationToken);
            transfer.Add(connection);
            await connection.Output.WriteAsync(PerfCookie.ToBytes(_cookie), cancellationToken);
        }
    }

    // The server says nothing before the end, unless it gives up.
    private async Task<Task<PerfState>> WaitForEndAsync(
        ControlChannel control, PerfTransfer transfer, CancellationToken cancellationToken)
    {
        Task<PerfState> word = control.ReadStateAsync(cancellationToken);
        Task end = parameters.GoalBytes > 0
            ? transfer.GoalReached
            : Task.Delay(TimeSpan.FromSeconds(parameters.OmitSeconds + parameters.Seconds), cancellationToken);
        Task first = await Task.WhenAny(end, transfer.GoalReached, word);

        // A server that gives up says so, but its streams may be heard of first.
        if (first.IsFaulted)
            first = await Task.WhenAny(word, Task.Delay(s_goodbye, cancellationToken)) == word ? word : first;
        if (first == word)
            await CheckAsync(control, await word, PerfState.ExchangeResults, cancellationToken);

        await first;
        return word;
    }

    private static async Task ExpectAsync(
        ControlChannel control, PerfState expected, CancellationToken cancellationToken) =>
        await CheckAsync(control, await control.ReadStateAsync(cancellationToken), expected, cancellationToken);

    private static async Task CheckAsync(
        ControlChannel control, PerfState state, PerfState expected, CancellationToken cancellationToken)
    {
        if (state == expected)
            return;

        throw new ToolException(Failure.Receive, state switch
        {
            PerfState.AccessDenied => "The server is busy with another test. Try again later.",
            PerfState.ServerTerminate => "The server has given up.",
            PerfState.ServerError => "The server has failed, with error "
                + $"{await control.ReadNumberAsync(cancellationToken)} and errno "
                + $"{await control.ReadNumberAsync(cancellationToken)}.",
            _ => $"{expected} was to come, and {state} came.",
        });
    }
}
