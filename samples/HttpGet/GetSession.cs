namespace HttpGet;

/// <summary>One run of the program: opens the network, fetches once or many times, tells what happened.</summary>
internal sealed class GetSession(GetOptions options, GetSettings settings, Stream standardOutput, Report report)
{
    /// <exception cref="GetException">A fetch failed; everything is closed.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        Uri? url = options.Url is null ? null : WebAddress.Parse(options.Url);
        report.Title("HttpGet: a page through UserTcp, not through the kernel's TCP");
        try
        {
            Network network = await Network.OpenAsync(
                options, options.Verbose ? new LineLogger(report) : null, cancellationToken);
            await using (network)
                await FetchAsync(network, url, cancellationToken);

            network.CheckCapture();
        }
        finally
        {
            if (options.Capture is not null && File.Exists(options.Capture))
                report.Line("capture", $"{options.Capture}: look at it with 'wireshark {options.Capture}'");
        }
    }

    private async Task FetchAsync(Network network, Uri? url, CancellationToken cancellationToken)
    {
        report.Stack(network.Stack, network.Note);
        if (url is not null)
        {
            await FetchAllAsync(network, url, cancellationToken);
            return;
        }

        await using DemoServer demo = new();
        report.Line("server", $"an ordinary socket on 127.0.0.1:{demo.Port}, where {network.LoopbackAlias} leads to");
        await FetchAllAsync(network, new Uri($"http://{network.LoopbackAlias}:{demo.Port}/"), cancellationToken);
    }

    private async Task FetchAllAsync(Network network, Uri url, CancellationToken cancellationToken)
    {
        List<FetchResult> fetches = [];
        await using BodyDestination destination = new(options.Output, standardOutput);
        try
        {
            FetchResult first = await new HttpGetter(network, settings, report)
                .FetchAsync(url, destination.Open, cancellationToken);
            report.Fetched(first);
            fetches.Add(first);

            // The others only count, unless every detail is wanted.
            Report others = options.Verbose ? report : new Report(TextWriter.Null, isVerbose: false);
            HttpGetter getter = new(network, settings with { ShowProgress = false }, others);
            while (fetches.Count < options.Repeat)
                fetches.Add(await getter.FetchAsync(url, static () => Stream.Null, cancellationToken));
        }
        finally
        {
            if (options.Repeat > 1)
                report.Statistics(fetches, options.Repeat);
        }
    }
}
