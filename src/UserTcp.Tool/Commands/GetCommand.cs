using System.CommandLine;
using UserTcp.Tool.Get;
using UserTcp.Tool.Network;
using UserTcp.Tool.Terminal;

namespace UserTcp.Tool.Commands;

/// <summary><c>get</c>: a page by HttpClient over the stack. Exit codes as those of curl.</summary>
internal sealed class GetCommand : ToolCommand
{
    private readonly GetOptions _options = new();

    public GetCommand(ToolContext context)
        : base(
            context, "get", "Fetches a page with HttpClient over the stack, with TLS and HTTP/2; options as curl's.",
            "get https://example.com/ -o page.html",
            "get http://192.168.1.7/ --link eth0 --address 192.168.1.50/24 --capture get.pcapng",
            "get http://127.0.0.1:8080/ --http2 --json",
            "get https://localhost:8443/ --cacert server.pem",
            "get -L -C - -o image.iso --retry 5 https://example.com/image.iso",
            "get -s -o /dev/null -w '%{http_code} %{time_total}\\n' http://127.0.0.1:8080/") =>
        _options.AddTo(this);

    protected override int CodeOfClosedOutput => CodeOf(Failure.Write);

    protected override int CodeOf(Failure failure) => failure switch
    {
        Failure.Protocol => 1,
        Failure.Usage => 2,
        Failure.BadUrl => 3,
        Failure.Name => 6,
        Failure.Link or Failure.Connect => 7,
        Failure.Reply => 8,
        Failure.Short => 18,
        Failure.HttpStatus => 22,
        Failure.Write => 23,
        Failure.Read => 26,
        Failure.TimedOut => 28,
        Failure.Range => 33,
        Failure.Tls => 35,
        Failure.TooManyRedirects => 47,
        Failure.Resolve => 49,
        Failure.NoReply => 52,
        Failure.Certificate => 60,
        Failure.Encoding => 61,
        Failure.Rewind => 65,
        Failure.Authorities => 77,
        _ => 56,
    };

    protected override bool TellsFailures(ParseResult parsed) => _options.TellsFailures(parsed);

    protected override async Task<int> RunAsync(
        ParseResult parsed, ToolOutput output, CancellationToken cancellationToken)
    {
        HttpWishes wishes = await _options.ReadAsync(parsed, output, cancellationToken);
        await using NetworkSession session = await NetworkSession
            .OpenAsync(NetworkOf(parsed), cancellationToken);
        await new GetRun(session, wishes, output, CodeOf).RunAsync(cancellationToken);
        return 0;
    }
}
