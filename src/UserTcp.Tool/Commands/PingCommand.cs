using System.CommandLine;
using System.Net;
using UserTcp.Tool.Network;
using UserTcp.Tool.Ping;
using UserTcp.Tool.Terminal;

namespace UserTcp.Tool.Commands;

/// <summary><c>ping</c>: echo requests. Exit codes as ping's: 0 answered, 1 not, 2 not possible.</summary>
internal sealed class PingCommand : ToolCommand
{
    private const double MostSeconds = 3600;
    private const int MostBytes = 1400;

    // An answer that comes later than this is of no request any more.
    private static readonly TimeSpan s_latest = TimeSpan.FromMinutes(1);

    private readonly Argument<string> _host = new("HOST") { Description = "An IPv4 address or a name." };

    private readonly Option<int?> _count = new("--count", "-c")
    {
        HelpName = "N", Description = "How many requests; without it, until Ctrl+C.",
    };

    private readonly Option<double> _interval = new("--interval", "-i")
    {
        HelpName = "SECONDS", DefaultValueFactory = _ => 1, Description = "The time between two requests.",
    };

    private readonly Option<double> _timeout = new("--timeout", "-W")
    {
        HelpName = "SECONDS",
        DefaultValueFactory = _ => 4,
        Description = "How long to wait after the last request if none was answered; if any was, twice the longest "
            + "round trip.",
    };

    private readonly Option<int> _size = new("--size", "-s")
    {
        HelpName = "BYTES", DefaultValueFactory = _ => 56, Description = "The data of each request, up to 1400 bytes.",
    };

    private readonly Option<int> _timeToLive = new("--ttl", "-t")
    {
        HelpName = "N", DefaultValueFactory = _ => 64, Description = "How many routers a request may pass.",
    };

    public PingCommand(ToolContext context)
        : base(
            context, "ping", "Sends ICMP echo requests and shows what comes back.",
            "ping 10.0.2.2 -c 3",
            "ping 192.168.1.1 --link eth0 --address 192.168.1.50/24")
    {
        Arguments.Add(_host);
        Options.Add(_count);
        Options.Add(_interval);
        Options.Add(_timeout);
        Options.Add(_size);
        Options.Add(_timeToLive);
    }

    /// <summary>As ping has it: 1 is kept for "no answer".</summary>
    protected override int CodeOf(Failure failure) => 2;

    protected override async Task<int> RunAsync(
        ParseResult parsed, ToolOutput output, CancellationToken cancellationToken)
    {
        var plan = new PingPlan
        {
            Count = parsed.GetValue(_count),
            Interval = OptionRange.Seconds(parsed.GetValue(_interval), "--interval", MostSeconds),
            Patience = OptionRange.Seconds(parsed.GetValue(_timeout), "--timeout", MostSeconds),
            Options = new UserTcpPingOptions
            {
                Timeout = s_latest,
                DataLength = OptionRange.Check(parsed.GetValue(_size), 0, MostBytes, "--size"),
                TimeToLive = (byte)OptionRange.Check(parsed.GetValue(_timeToLive), 1, byte.MaxValue, "--ttl"),
            },
        };
        if (plan.Count < 1)
            throw new ToolException(Failure.Usage, "--count is at least 1.");

        string host = parsed.GetValue(_host)!;
        var watch = new EchoWatch();
        await using NetworkSession session = await NetworkSession
            .OpenAsync(NetworkOf(parsed) with { Tap = watch }, cancellationToken);
        IPAddress[] addresses = await session.ResolveAsync(host, cancellationToken);
        var run = new PingRun(session, plan, watch, output);
        PingSummary summary = await run.RunAsync(host, addresses[0], cancellationToken);
        return summary.Received > 0 ? 0 : 1;
    }
}
