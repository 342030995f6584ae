using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Net;
using UserTcp;

namespace HttpGet;

/// <summary>Reads the command line.</summary>
internal sealed class CommandLine
{
    private const string PcapPrefix = "pcap:";
    private const int MaxRepeat = 100_000;

    private readonly Argument<string?> _url = new("URL")
    {
        Arity = ArgumentArity.ZeroOrOne,
        Description = "The page to fetch, http or https. Without it, a small page of this machine's own is fetched.",
    };

    private readonly Option<string> _link = new("--link")
    {
        HelpName = "gateway|pcap:DEV",
        DefaultValueFactory = _ => "gateway",
        Description = "The way out. 'gateway' needs no privileges; 'pcap:eth0' puts an IP and a MAC address of its own "
            + "on the wire.",
    };

    private readonly Option<UserTcpAddress?> _address = new("--address")
    {
        HelpName = "A/P",
        CustomParser = argument => Read(argument, text =>
            UserTcpAddress.TryParse(text, null, out UserTcpAddress address) ? address : (UserTcpAddress?)null,
            "an address with a prefix length, such as 192.168.1.50/24"),
        Description = "The address to use: one that nobody else on the link has. Needed with pcap.",
    };

    private readonly Option<IPAddress?> _gateway = new("--gateway")
    {
        HelpName = "A",
        CustomParser = argument => Read(argument, text =>
            IPAddress.TryParse(text, out IPAddress? address) ? address : null, "an address, such as 192.168.1.1"),
        Description = "The router to everything that is not on the link.",
    };

    private readonly Option<MacAddress?> _mac = new("--mac")
    {
        HelpName = "M",
        CustomParser = argument => Read(argument, text =>
            MacAddress.TryParse(text, null, out MacAddress mac) ? mac : (MacAddress?)null,
            "a MAC address, such as 02:00:00:00:00:01"),
        Description = "The MAC address to use. By default a stable one made from link and address.",
    };

    private readonly Option<string?> _output = new("--output", "-o")
    {
        HelpName = "FILE", Description = "Where the body goes; by default to the standard output.",
    };

    private readonly Option<int> _repeat = new("--repeat")
    {
        HelpName = "N",
        DefaultValueFactory = _ => 1,
        CustomParser = argument => Read(argument, text =>
            int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int count)
                && count is >= 1 and <= MaxRepeat ? count : (int?)null,
            $"a number from 1 to {MaxRepeat}") ?? 1,
        Description = "Fetch N times, with a connection each; the body is written once.",
    };

    private readonly Option<string?> _capture = new("--capture")
    {
        HelpName = "FILE.pcapng", Description = "Write every frame to a file for Wireshark.",
    };

    private readonly Option<bool> _verbose = new("--verbose", "-v")
    {
        Description = "Show the headers and what the stack logs.",
    };

    private readonly RootCommand _root;

    private CommandLine()
    {
        _root = new RootCommand("Fetches a page with UserTcp: a TCP/IP stack in this process, not the system's.")
        {
            _url, _link, _address, _gateway, _mac, _output, _repeat, _capture, _verbose,
        };
        _url.Validators.Add(result =>
        {
            if (result.Tokens.Count > 0 && result.Tokens[0].Value.StartsWith('-'))
                result.AddError($"There is no option {result.Tokens[0].Value}.");
        });
        _link.Validators.Add(result =>
        {
            string link = result.GetValueOrDefault<string>() ?? "";
            if (link != "gateway" && (!link.StartsWith(PcapPrefix, StringComparison.Ordinal) || link == PcapPrefix))
                result.AddError($"--link takes 'gateway' or 'pcap:DEV', not '{link}'.");
        });
        _root.Validators.Add(Check);
    }

    /// <summary>Reads the arguments; shows help or version where they ask for it.</summary>
    /// <returns>The options; null if the arguments only asked for text, which was written.</returns>
    /// <exception cref="GetException">They make no sense.</exception>
    public static GetOptions? Parse(string[] args, TextWriter output)
    {
        CommandLine line = new();
        ParseResult result = line._root.Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null });
        if (result.Errors.Count > 0)
            throw new GetException(ExitCode.Usage, $"{result.Errors[0].Message} Try --help.");
        if (result.Action is null)
            return line.OptionsOf(result);

        result.Invoke(new InvocationConfiguration { Output = output, Error = output });
        return null;
    }

    private static T? Read<T>(ArgumentResult argument, Func<string, T?> parse, string expected)
    {
        string text = argument.Tokens[0].Value;
        T? value = parse(text);
        if (value is null)
            argument.AddError($"'{text}' is not {expected}.");

        return value;
    }

    private void Check(CommandResult result)
    {
        string? link = result.GetValue(_link);
        if (link?.StartsWith(PcapPrefix, StringComparison.Ordinal) != true)
            return;

        if (result.GetValue(_url) is null)
            result.AddError($"A URL is needed with --link {link}.");
        else if (result.GetResult(_address) is null)
            result.AddError($"--address is needed with --link {link}: one that nobody else on the link has.");
    }

    private GetOptions OptionsOf(ParseResult result)
    {
        string link = result.GetValue(_link)!;
        return new GetOptions
        {
            Url = result.GetValue(_url),
            PcapDevice = link.StartsWith(PcapPrefix, StringComparison.Ordinal) ? link[PcapPrefix.Length..] : null,
            Address = result.GetValue(_address),
            Gateway = result.GetValue(_gateway),
            MacAddress = result.GetValue(_mac),
            Output = result.GetValue(_output),
            Repeat = result.GetValue(_repeat),
            Capture = result.GetValue(_capture),
            Verbose = result.GetValue(_verbose),
        };
    }
}
