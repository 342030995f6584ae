using System.CommandLine;
using System.Globalization;
using System.Net;
using System.Text;
using UserTcp.Tool.Get;
using UserTcp.Tool.Terminal;

namespace UserTcp.Tool.Commands;

/// <summary>The options of <c>get</c>, with curl's names.</summary>
internal sealed class GetOptions
{
    private const string Http11 = "1.1";
    private const string Http2 = "2";
    private const int MostRetries = 1_000_000;

    private readonly Argument<string> _url = new("URL")
    {
        Description = "The page to fetch, http or https; USER:PASSWORD@HOST is -u USER:PASSWORD.",
    };

    private readonly Option<string?> _output = Text("--output", "-o", "FILE",
        "Where the body goes; by default, or with -, to the standard output.");

    private readonly Option<string?> _method = Text("--request", "-X", "METHOD",
        "The method of all requests, redirects included, in place of GET, HEAD, POST or PUT.");

    private readonly Option<string[]> _data = Texts("--data", "-d", "DATA|@FILE",
        "Sends a form by POST; several are joined by '&'. @FILE is the text of a file without its line ends, @- the "
        + "standard input.");

    private readonly Option<string?> _upload = Text("--upload-file", "-T", "FILE",
        "Sends a file, or with - the standard input, by PUT. A URL that ends with / gets the file's name.");

    private readonly Option<bool> _head = new("--head", "-I") { Description = "Asks for the header and shows it." };

    private readonly Option<string?> _user = Text("--user", "-u", "USER:PASSWORD", "Sends both as Basic.");

    private readonly Option<bool> _location = new("--location", "-L")
    {
        Description = "Follows redirects. Credentials are sent to the first host, port and protocol only.",
    };

    private readonly Option<int> _maxRedirects = new("--max-redirs")
    {
        HelpName = "N", DefaultValueFactory = _ => 50, Description = "How many redirects -L follows; -1 for all.",
    };

    private readonly Option<string?> _resume = Text("--continue-at", "-C", "OFFSET|-",
        "Goes on at a byte of the page, with - at the end of the file of -o, and appends to it.");

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

    private readonly Option<string[]> _headers = Texts("--header", "-H", "'NAME: VALUE'",
        "One more header field; 'NAME:' leaves out one that is sent anyway. May be repeated.");

    private readonly Option<bool> _compressed = new("--compressed")
    {
        Description = "Asks for an encoded body (gzip, deflate, br) and decodes it.",
    };

    private readonly Option<string[]> _resolve = Texts("--resolve", null, "HOST:PORT:ADDRESS",
        "Uses these addresses for a host and port, with commas between; HOST may be *. May be repeated.");

    private readonly Option<bool> _insecure = new("--insecure", "-k") { Description = "Any certificate will do." };

    private readonly Option<string?> _authorities = Text("--cacert", null, "FILE",
        "Trusts the certificates of a PEM file, and not the system's.");

    private readonly Option<bool> _fail = new("--fail", "-f")
    {
        Description = "An answer of 400 or more is a failure, with exit code 22 and without a body.",
    };

    private readonly Option<double?> _maxTime = new("--max-time", "-m")
    {
        HelpName = "SECONDS", Description = "The longest that an attempt may take; 0 for no limit.",
    };

    private readonly Option<int> _retry = new("--retry")
    {
        HelpName = "N",
        Description = "Tries again N times after a timeout, a name that is not found, or an answer of 408, 429, 500, "
            + "502, 503 or 504: after 1, 2, 4 seconds and so on, or as the server asks by Retry-After.",
    };

    private readonly Option<string?> _writeOut = Text("--write-out", "-w", "FORMAT|@FILE",
        "Prints this text after the transfer, such as '%{http_code} %{time_total}\\n', with curl's variables.");

    private readonly Option<bool> _silent = new("--silent", "-s") { Description = "Shows nothing but the result." };
    private readonly Option<bool> _showError = new("--show-error", "-S") { Description = "With -s, shows failures." };
    private readonly Option<bool> _verbose = new("--verbose", "-v") { Description = "Shows the header fields." };

    public void AddTo(Command command)
    {
        command.Arguments.Add(_url);
        Option[] options =
        [
            _output, _method, _data, _upload, _head, _user, _location, _maxRedirects, _resume, _http, _http11, _http2,
            _headers, _compressed, _resolve, _insecure, _authorities, _fail, _maxTime, _retry, _writeOut, _silent,
            _showError, _verbose,
        ];
        foreach (Option option in options)
            command.Options.Add(option);
    }

    /// <summary>Whether failures are told.</summary>
    public bool TellsFailures(ParseResult parsed) => !parsed.GetValue(_silent) || parsed.GetValue(_showError);

    /// <summary>Reads the command line, and the files that it names.</summary>
    /// <exception cref="ToolException">It makes no sense, or a file cannot be read.</exception>
    public async Task<HttpWishes> ReadAsync(ParseResult parsed, ToolOutput output, CancellationToken cancellationToken)
    {
        string text = parsed.GetValue(_url)!;
        Uri url = HttpSyntax.ParseUrl(text);
        (HttpVerb verb, Uri place) = VerbOf(parsed, HttpSyntax.WithoutUser(url));
        if (output.IsJson && parsed.GetValue(_writeOut) is not null)
            throw new ToolException(Failure.Usage, "--json and --write-out both want the standard output: use one.");

        return new HttpWishes
        {
            UrlText = text,
            Url = place,
            User = parsed.GetValue(_user) is { } user ? HttpSyntax.ParseUser(user) : HttpSyntax.UserOf(url),
            HttpVersion = VersionOf(parsed),
            Method = parsed.GetValue(_method) is { } method ? HttpSyntax.ParseMethod(method) : null,
            Verb = verb,
            Headers = [.. (parsed.GetValue(_headers) ?? []).Select(HttpSyntax.ParseHeader)],
            MaxRedirects = parsed.GetValue(_location)
                ? OptionRange.Check(parsed.GetValue(_maxRedirects), -1, int.MaxValue, "--max-redirs") : null,
            IsCompressed = parsed.GetValue(_compressed),
            OutputFile = parsed.GetValue(_output),
            ResumeAt = ResumeOf(parsed, verb),
            IgnoresCertificates = parsed.GetValue(_insecure),
            Authorities = parsed.GetValue(_authorities) is { } file ? ServerTrust.ReadAuthorities(file) : null,
            Names = new NameOverrides(parsed.GetValue(_resolve) ?? []),
            FailsOnError = parsed.GetValue(_fail),
            Retries = OptionRange.Check(parsed.GetValue(_retry), 0, MostRetries, "--retry"),
            IsVerbose = parsed.GetValue(_verbose),
            IsSilent = parsed.GetValue(_silent),
            MaxTime = parsed.GetValue(_maxTime) is { } seconds and not 0
                ? OptionRange.Seconds(seconds, "--max-time") : null,
            WriteOut = await WriteOutOfAsync(parsed, output.Console.Input, cancellationToken),
            Body = await BodyOfAsync(parsed, output.Console.Input, cancellationToken),
        };
    }

    private (HttpVerb Verb, Uri Url) VerbOf(ParseResult parsed, Uri url)
    {
        bool isForm = parsed.GetValue(_data) is { Length: > 0 };
        string? upload = parsed.GetValue(_upload);
        switch (isForm, upload, parsed.GetValue(_head))
        {
            case (true, null, false): return (HttpVerb.Post, url);
            case (false, null, true): return (HttpVerb.Head, url);
            case (false, null, false): return (HttpVerb.Get, url);
            case (false, not null, false):
                bool isFolder = url.AbsolutePath.EndsWith('/') && upload != "-";
                string path = url.AbsolutePath + Uri.EscapeDataString(Path.GetFileName(upload));
                return (HttpVerb.Put, isFolder ? new UriBuilder(url) { Path = path }.Uri : url);
            default:
                throw new ToolException(Failure.Usage, "Only one of --data, --upload-file and --head makes sense.");
        }
    }

    private long ResumeOf(ParseResult parsed, HttpVerb verb)
    {
        if (parsed.GetValue(_resume) is not { } text)
            return 0;

        if (verb is HttpVerb.Post or HttpVerb.Put)
            throw new ToolException(Failure.Usage, "--continue-at is for what is received: --data and -T send anew.");
        if (text == "-")
        {
            return parsed.GetValue(_output) is { Length: > 0 } path and not "-" && File.Exists(path)
                ? new FileInfo(path).Length : 0;
        }

        return long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long offset) ? offset
            : throw new ToolException(Failure.Usage, $"--continue-at takes a number of bytes or -, not '{text}'.");
    }

    private async Task<RequestBody?> BodyOfAsync(ParseResult parsed, Stream input, CancellationToken cancellationToken)
    {
        if (parsed.GetValue(_upload) is { } upload)
            return RequestBody.OfFile(upload, input);
        return parsed.GetValue(_data) is { Length: > 0 } pieces
            ? await RequestBody.OfFormAsync(pieces, input, cancellationToken) : null;
    }

    private async Task<WriteOut?> WriteOutOfAsync(ParseResult parsed, Stream input, CancellationToken cancellationToken)
    {
        if (parsed.GetValue(_writeOut) is not { } format)
            return null;

        return new WriteOut(format.StartsWith('@')
            ? Encoding.UTF8.GetString(await RequestBody.ReadAsync(format[1..], input, cancellationToken)) : format);
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

    private static Option<string?> Text(string name, string? alias, string help, string description) =>
        new(name, alias is null ? [] : [alias]) { HelpName = help, Description = description };

    private static Option<string[]> Texts(string name, string? alias, string help, string description) =>
        new(name, alias is null ? [] : [alias]) { HelpName = help, Description = description };
}
