using System.CommandLine;
using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Hosting;
using UserTcp;

namespace KestrelServer;

/// <summary>ASP.NET Core on a TCP/IP stack of its own. Try it without arguments; see <c>--help</c>.</summary>
internal static class Program
{
    private static Task<int> Main(string[] args) =>
        RunAsync(args, Console.Out, Console.Error, CancellationToken.None);

    /// <summary>The whole program.</summary>
    /// <param name="args">The command line.</param>
    /// <param name="output">Gets what the server says.</param>
    /// <param name="error">Gets what went wrong.</param>
    /// <param name="cancellationToken">Ends the server; so do Ctrl+C and SIGTERM.</param>
    /// <returns>The exit code: 0, 1 for a command line that makes no sense, 2 for a link that cannot be used.</returns>
    internal static Task<int> RunAsync(
        string[] args, TextWriter output, TextWriter error, CancellationToken cancellationToken)
    {
        RootCommand command = CommandLine.Create((options, stop) => RunAsync(options, output, error, stop));
        // The host handles signals, and takes the time that the requests under way need.
        var configuration = new InvocationConfiguration
        {
            Output = output, Error = error, ProcessTerminationTimeout = null,
        };
        return command.Parse(args).InvokeAsync(configuration, cancellationToken);
    }

    private static async Task<int> RunAsync(
        ServerOptions options, TextWriter output, TextWriter error, CancellationToken cancellationToken)
    {
        try
        {
            if (options.Link is null)
                await Demonstration.RunAsync(options, output, cancellationToken);
            else
                await ServeAsync(options, options.Link, output, cancellationToken);
            return 0;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or SocketException
            or ArgumentException or DllNotFoundException or NotSupportedException)
        {
            await error.WriteLineAsync(failure.Message);
            return 2;
        }
    }

    private static async Task ServeAsync(
        ServerOptions options, string link, TextWriter output, CancellationToken cancellationToken)
    {
        var settings = new UserTcpStackOptions { LinkName = link, Gateway = options.Gateway };
        settings.Addresses.Add(options.Address);
        // Disposed of last: the host has handled the signal, answered what it was asked and stopped by then.
        await using UserTcpStack stack = await UserTcpStack.OpenAsync(settings, cancellationToken);
        await using WebApplication server = WebServer.Create(stack, options.Port);
        await server.StartAsync(cancellationToken);
        await output.WriteLineAsync($"{server.Urls.Single()} on {link}, HTTP/1.1 and HTTP/2; Ctrl+C ends it.");
        await output.FlushAsync(cancellationToken);
        await server.WaitForShutdownAsync(cancellationToken);
    }
}
