using System.CommandLine;
using System.CommandLine.Parsing;
using System.Net;
using UserTcp;

namespace KestrelServer;

/// <summary>Reads the command line.</summary>
internal sealed class CommandLine
{
    private readonly Option<string?> _link = new("--link")
    {
        HelpName = "L",
        Description = "The device to serve on, such as eth0 or pcap:en0. Without it: a demonstration in memory.",
    };

    private readonly Option<UserTcpAddress> _address = new("--address")
    {
        HelpName = "A/P",
        DefaultValueFactory = _ => UserTcpAddress.Parse("10.9.0.2/24"),
        CustomParser = argument => Read(argument, text =>
            UserTcpAddress.TryParse(text, null, out UserTcpAddress read) ? read : (UserTcpAddress?)null,
            "an address with a prefix length, such as 192.168.1.50/24") ?? default,
        Description = "The server's own address: one that nobody else on the link has. Needed with --link.",
    };

    private readonly Option<IPAddress?> _gateway = new("--gateway")
    {
        HelpName = "A",
        CustomParser = argument => Read(argument, text =>
            IPAddress.TryParse(text, out IPAddress? read) ? read : null, "an address, such as 192.168.1.1"),
        Description = "The router, for clients that are not on the link.",
    };

    private readonly Option<int> _port = new("--port")
    {
        HelpName = "P", DefaultValueFactory = _ => 8080, Description = "The port, for HTTP/1.1 and HTTP/2 alike.",
    };

    private CommandLine()
    {
        _port.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() is < 1 or > ushort.MaxValue)
                result.AddError("--port takes a number from 1 to 65535.");
        });
    }

    /// <summary>A command that runs the server with what the arguments say.</summary>
    /// <param name="run">Gets the options; returns the exit code.</param>
    public static RootCommand Create(Func<ServerOptions, CancellationToken, Task<int>> run)
    {
        CommandLine line = new();
        RootCommand command = new("Serves a page with Kestrel on a TCP/IP stack in this process.")
        {
            line._link, line._address, line._gateway, line._port,
        };
        command.Validators.Add(result =>
        {
            if (result.GetValue(line._link) is not null && result.GetResult(line._address) is not { Implicit: false })
                result.AddError("--address is needed with --link: one that nobody else on the link has.");
        });
        command.SetAction((result, cancellationToken) => run(line.OptionsOf(result), cancellationToken));
        return command;
    }

    private static T? Read<T>(ArgumentResult argument, Func<string, T?> parse, string expected)
    {
        string text = argument.Tokens[0].Value;
        T? value = parse(text);
        if (value is null)
            argument.AddError($"'{text}' is not {expected}.");

        return value;
    }

    private ServerOptions OptionsOf(ParseResult result) => new()
    {
        Link = result.GetValue(_link),
        Address = result.GetValue(_address),
        Gateway = result.GetValue(_gateway),
        Port = result.GetValue(_port),
    };
}
