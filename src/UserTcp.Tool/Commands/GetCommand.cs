using System.CommandLine;
using System.Net;
using UserTcp.Tool.Get;
using UserTcp.Tool.Network;
using UserTcp.Tool.Terminal;

namespace UserTcp.Tool.Commands;

/// <summary><c>get</c>: a page by HttpClient over the stack. Exit codes as those of curl.</summary>
internal sealed class GetCommand : ToolCommand
{
    private const string Http11 = "1.1";
    private const string Http2 = "2";

    private readonly Argument<string> _url = new("URL")
    {
        Description = "The page to fetch, http or https; USER:PASSWORD@HOST sends both as Basic.",
    };

    private readonly Option<string?> _output = new("--output", "-o")
    {
        HelpName = "FILE", Description = "Where the body goes; by default, or with -, to the standard output.",
    };

    private readonly Option<string?> _http = new Option<string?>("--http")
    {
        HelpName = "1.1|2",
        Description = "The version of HTTP, and no other; by default the highest that TLS agrees on, without TLS 1.1.",
    }.AcceptOnlyFromAmong(Http11, Http2);

    private readonly Option<bool> _http11 = new("--http1.1") { Description = "The same as --http 1.1." };

    private readonly Option<bool> _http2 = new("--http2", "--http2-prior-knowledge")
    {
        Description = "The same as --http 2: without TLS it is spoken without asking (h2c).",
    };

    private readonly Option<string[]> _headers = new("--header", "-H")
    {
        HelpName = "'NAME: VALUE'", Description = "One more header field; may be repeated.",
    };

    private readonly Option<bool> _insecure = new("--insecure", "-k") { Description = "Any certificate will do." };

    private readonly Option<string?> _authorities = new("--cacert")
    {
        HelpName = "FILE", Description = "Trusts the certificates of a PEM file, and not the system's.",
    };

    private readonly Option<bool> _fail = new("--fail", "-f")
    {
        Description = "An answer of 400 or more is a failure, with exit code 22 and without a body.",
    };

    private readonly Option<double?> _maxTime = new("--max-time", "-m")
    {
        HelpName = "SECONDS", Description = "The longest that all of it may take; 0 for no limit.",
    };

    private readonly Option<bool> _verbose = new("--verbose", "-v") { Description = "Shows the header fields." };

    public GetCommand(ToolContext context)
        : base(
            context, "get", "Fetches a page with HttpClient over the stack, with TLS and HTTP/2.",
            "get https://example.com/ -o page.html",
            "get http://192.168.1.7/ --link eth0 --address 192.168.1.50/24 --capture get.pcapng",
            "get http://127.0.0.1:8080/ --http2 --json",
            "get https://localhost:8443/ --cacert server.pem")
    {
        Arguments.Add(_url);
        Option[] options =
        [
            _output, _http, _http11, _http2, _headers, _insecure, _authorities, _fail, _maxTime, _verbose,
        ];
        foreach (Option option in options)
        {
            Options.Add(option);
        }
    }

    protected override int CodeOfClosedOutput => CodeOf(Failure.Write);

    protected override int CodeOf(Failure failure) => failure switch
    {
        Failure.Usage => 2,
        Failure.BadUrl => 3,
        Failure.Name => 6,
        Failure.Link or Failure.Connect => 7,
        Failure.HttpStatus => 22,
        Failure.Write => 23,
        Failure.TimedOut => 28,
        Failure.Tls => 35,
        Failure.TooManyRedirects => 47,
        Failure.Certificate => 60,
        Failure.Encoding => 61,
        Failure.Authorities => 77,
        _ => 56,
    };

    protected override async Task<int> RunAsync(
        ParseResult parsed, ToolOutput output, CancellationToken cancellationToken)
    {
        Uri url = HttpWishes.ParseUrl(parsed.GetValue(_url)!);
        var wishes = new HttpWishes
        {
            Url = HttpWishes.WithoutUser(url),
            Credentials = HttpWishes.CredentialsOf(url),
            HttpVersion = VersionOf(parsed),
            Headers = [.. (parsed.GetValue(_headers) ?? []).Select(HttpWishes.ParseHeader)],
            OutputFile = parsed.GetValue(_output),
            IgnoresCertificates = parsed.GetValue(_insecure),
            Authorities = parsed.GetValue(_authorities) is { } file ? HttpWishes.ReadAuthorities(file) : null,
            FailsOnError = parsed.GetValue(_fail),
            IsVerbose = parsed.GetValue(_verbose),
            MaxTime = parsed.GetValue(_maxTime) is { } seconds and not 0
                ? OptionRange.Seconds(seconds, "--max-time") : null,
        };
        await using NetworkSession session = await NetworkSession
            .OpenAsync(NetworkOf(parsed), cancellationToken);
        await new GetRun(session, wishes, output).RunAsync(cancellationToken);
        return 0;
    }

    private Version? VersionOf(ParseResult parsed)
    {
        string?[] wanted =
        [
            parsed.GetValue(_http), parsed.GetValue(_http11) ? Http11 : null, parsed.GetValue(_http2) ? Http2 : null,
        ];
        return wanted.OfType<string>().Distinct().ToArray() switch
        {
            [] => null,
            [Http11] => HttpVersion.Version11,
            [Http2] => HttpVersion.Version20,
            _ => throw new ToolException(Failure.Usage, "Two versions of HTTP are asked for: which one is it?"),
        };
    }
}
