using System.CommandLine;
using System.CommandLine.Parsing;
using System.Net;
using UserTcp.Tool.Network;

namespace UserTcp.Tool;

/// <summary>The options that stand before or after the name of a command, each with those that heed it.</summary>
internal sealed class GlobalOptions
{
    private readonly Option<string> _link = new("--link")
    {
        HelpName = "gateway|DEV|SCHEME:DEV",
        DefaultValueFactory = _ => NetworkSettings.GatewayLink,
        Description = "The link: 'gateway' uses this process's own sockets and needs no privileges; 'eth0' gives the "
            + "stack its own IP address and MAC address on that network.",
    };

    private readonly Option<UserTcpAddress?> _address = new("--address")
    {
        HelpName = "A/P",
        CustomParser = argument => Read(argument, text =>
            UserTcpAddress.TryParse(text, null, out UserTcpAddress address) ? address : (UserTcpAddress?)null,
            "an address with a prefix length, such as 192.168.1.50/24"),
        Description = "The stack's address: one that no other host on the link uses.",
    };

    private readonly Option<IPAddress?> _gateway = new("--gateway")
    {
        HelpName = "A",
        CustomParser = argument => Read(argument, text =>
            IPAddress.TryParse(text, out IPAddress? address) ? address : null, "an address, such as 192.168.1.1"),
        Description = "The router for destinations that are not on the link.",
    };

    private readonly Option<bool> _diagnostics = new("--diagnostics")
    { Description = "Lets 'usertcp ss', run by the same user, see the connections of this process.",
    };

    private readonly Option<string?> _capture = new("--capture")
    { HelpName = "FILE.pcapng", Description = "Writes every frame to a file for Wireshark.",
    };

    private readonly Option<bool> _json = new("--json", "-J")
    { Description = "Prints the result as JSON, and nothing else to the standard output.",
    };

    private readonly Option<bool> _noColor = new("--no-color")
    { Description = "No colours; NO_COLOR in the environment does the same.",
    };

    private (Option Option, GlobalOptionSet Set)[] All =>
    [
        (_link, GlobalOptionSet.Network), (_address, GlobalOptionSet.Network), (_gateway, GlobalOptionSet.Network),
        (_diagnostics, GlobalOptionSet.Network),
        (_capture, GlobalOptionSet.Capture), (_json, GlobalOptionSet.Json), (_noColor, GlobalOptionSet.Color),
    ];

    /// <summary>Lets all of them stand before the name of a command.</summary>
    public void AddTo(RootCommand root)
    {
        foreach ((Option option, _) in All)
        {
            root.Options.Add(option);
        }
    }

    /// <summary>
    /// Gives a command what it heeds, but for what it has by the same name, and lets it refuse the rest.
    /// </summary>
    public void AddTo(ToolCommand command)
    {
        foreach ((Option option, GlobalOptionSet set) in All)
        {
            if (!command.Heeds.HasFlag(set))
                RefuseAt(command, option);
            else if (command.Options.All(own => own.Name != option.Name))
                command.Options.Add(option);
        }
    }

    /// <summary>The network that the command line asks for.</summary>
    public NetworkSettings NetworkOf(ParseResult parsed) => new()
    {
        Link = parsed.GetValue(_link)!,
        IsLinkGiven = parsed.GetResult(_link) is { Implicit: false },
        Address = parsed.GetValue(_address),
        Gateway = parsed.GetValue(_gateway),
        Capture = parsed.GetValue(_capture),
        HasDiagnostics = parsed.GetValue(_diagnostics),
    };

    public bool WantsJson(ParseResult parsed) => parsed.GetValue(_json);

    public bool WantsNoColor(ParseResult parsed) => parsed.GetValue(_noColor);

    /// <summary>Reads an argument, or says what was expected.</summary>
    public static T? Read<T>(ArgumentResult argument, Func<string, T?> parse, string expected)
    {
        string text = argument.Tokens[0].Value;
        T? value = parse(text);
        if (value is null)
            argument.AddError($"'{text}' is not {expected}.");

        return value;
    }

    // It may stand before the command's name; and after it, what nobody knows would be taken for a file or a host.
    private static void RefuseAt(ToolCommand command, Option option)
    {
        string[] aliases = [.. option.Aliases];
        Option unknown = option is Option<bool>
            ? new Option<bool>(option.Name, aliases) { Hidden = true }
            : new Option<string?>(option.Name, aliases) { Hidden = true };
        command.Options.Add(unknown);
        command.Validators.Add(result =>
        {
            if (result.GetResult(option) is { Implicit: false } || result.GetResult(unknown) is { Implicit: false })
                result.AddError($"'{result.Command.Name}' takes no {option.Name}: see its --help.");
        });
    }
}
