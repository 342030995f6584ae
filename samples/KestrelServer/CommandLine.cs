using System.CommandLine;
using System.CommandLine.Parsing;
using System.Net;
using UserTcp;

namespace KestrelServer;

/// <summary>Reads the command line.</summary>
internal static class CommandLine
{
    /// <summary>The address of the demonstration.</summary>
    private static readonly UserTcpAddress s_demonstration = UserTcpAddress.Parse("10.9.0.2/24");

    /// <summary>A command that runs the server with what the arguments say.</summary>
    /// <param name="run">Gets the options; returns the exit code.</param>
    public static RootCommand Create(Func<ServerOptions, CancellationToken, Task<int>> run)
    {
        Option<string?> link = new("--link")
        {
            HelpName = "L",
            Description = "The device to serve on, such as eth0 or pcap:en0. Without it: a demonstration in memory.",
        };
        Option<UserTcpAddress> address = new("--address")
        {
            HelpName = "A/P",
            DefaultValueFactory = _ => s_demonstration,
            CustomParser = argument => Read(argument, text =>
                UserTcpAddress.TryParse(text, null, out UserTcpAddress read) ? read : (UserTcpAddress?)null,
                "an address with a prefix length, such as 192.168.1.50/24") ?? default,
            Description = "The server's own address: one that nobody else on the link has. Needed with --link.",
        };
        Option<IPAddress?> gateway = new("--gateway")
        {
            HelpName = "A",
            CustomParser = argument => Read(argument, text =>
                IPAddress.TryParse(text, out IPAddress? read) ? read : null, "an address, such as 192.168.1.1"),
            Description = "The router, for clients that are not on the link.",
        };
        Option<int> port = new("--port")
        {
            HelpName = "P", DefaultValueFactory = _ => 8080, Description = "The port, for HTTP/1.1 and HTTP/2 alike.",
        };
        port.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() is < 1 or > ushort.MaxValue)
                result.AddError("--port takes a number from 1 to 65535.");
        });
        RootCommand command = new("Serves a page with Kestrel on a TCP/IP stack in this process.")
        {
            link, address, gateway, port,
        };
        command.Validators.Add(result =>
        {
            if (result.GetValue(link) is not null && result.GetResult(address) is not { Implicit: false })
                result.AddError("--address is needed with --link: one that nobody else on the link has.");
        });
        command.SetAction((result, cancellationToken) => run(
            new ServerOptions
            {
                Link = result.GetValue(link),
                Address = result.GetValue(address),
                Gateway = result.GetValue(gateway),
                Port = result.GetValue(port),
            },
            cancellationToken));
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
}
