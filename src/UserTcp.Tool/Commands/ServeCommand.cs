using System.CommandLine;
using System.Net.Sockets;
using UserTcp.Tool.Network;
using UserTcp.Tool.Serve;
using UserTcp.Tool.Terminal;

namespace UserTcp.Tool.Commands;

/// <summary><c>serve</c>: a folder for browsers, by Kestrel on the stack.</summary>
internal sealed class ServeCommand : ToolCommand
{
    private readonly Argument<string> _folder = new("DIR")
    {
        DefaultValueFactory = _ => ".", Description = "The folder whose files are served.",
    };

    private readonly Option<int> _port = new("--port", "-p")
    {
        DefaultValueFactory = _ => 8080, Description = "The port, for both versions of HTTP.",
    };

    private readonly Lock _telling = new();

    public ServeCommand(ToolContext context)
        : base(
            context, "serve",
            "Serves the files of a folder over HTTP/1.1 and HTTP/2, without TLS, until Ctrl+C; a line for each answer.",
            "serve . --link eth0 --address 192.168.1.50/24",
            "serve ~/public --port 80 --link tap:tap0 --address 10.9.0.2/24 --json")
    {
        Arguments.Add(_folder);
        Options.Add(_port);
    }

    protected override async Task<int> RunAsync(
        ParseResult parsed, ToolOutput output, CancellationToken cancellationToken)
    {
        string folder = parsed.GetValue(_folder) is { Length: > 0 } given ? Path.GetFullPath(given) : "";
        if (!Directory.Exists(folder))
            throw new ToolException(Failure.Usage, $"There is no folder '{folder}'.");
        int port = OptionRange.Check(parsed.GetValue(_port), 1, ushort.MaxValue, "--port");

        await using NetworkSession session = await NetworkSession
            .OpenForOthersAsync(NetworkOf(parsed), cancellationToken);
        try
        {
            await using DirectoryServer server = await DirectoryServer.StartAsync(
                session.Stack, port, folder, request => Tell(output, request), cancellationToken);
            output.Note($"Serving {folder} on http://{session.Stack.Addresses[0].Address}:{port}/");
            await Task.Delay(Timeout.Infinite, cancellationToken);
        }
        catch (SocketException error)
        {
            throw new ToolException(Failure.Link, error.Message, error);
        }

        return 0;
    }

    // Answers end on many threads at once.
    private void Tell(ToolOutput output, ServedRequest request)
    {
        lock (_telling)
        {
            if (output.IsJson)
                output.Json(request);
            else
                output.Line(request.ToString());
        }
    }
}
