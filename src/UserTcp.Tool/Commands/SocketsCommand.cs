using System.CommandLine;
using UserTcp.Tool.Sockets;
using UserTcp.Tool.Terminal;

namespace UserTcp.Tool.Commands;

/// <summary><c>ss</c>: the listeners and connections of processes that opted in.</summary>
internal sealed class SocketsCommand : ToolCommand
{
    private readonly Option<bool> _listening = new("-l", "--listening") { Description = "Shows listeners only." };

    private readonly Option<bool> _all = new("-a", "--all") { Description = "Shows listeners and connections." };

    private readonly Option<bool> _info = new("-i", "--info")
    { Description = "Shows the tcp_info of each connection." };

    private readonly Option<bool> _tcp = new("-t", "--tcp") { Description = "Shows TCP: there is nothing else." };

    private readonly Option<bool> _numeric = new("-n", "--numeric")
    { Description = "Shows numbers: names are never asked for." };

    private readonly Option<int?> _process = new("--pid")
    { HelpName = "PID", Description = "Asks this process only." };

    private readonly Option<string?> _socket = new Option<string?>("--socket")
    {
        HelpName = "PATH",
        Description = "Asks this endpoint, or those of a folder, in place of all of this user's.",
    }.NeverEmpty();

    public SocketsCommand(ToolContext context)
        : base(
            context, "ss",
            "Shows the connections of running processes that use UserTcp and opted in: "
            + "UserTcpDiagnosticsEndpoint.Start(stack), or --diagnostics of this tool.",
            "ss -ti", "ss -a", "ss -l --pid 1234", "ss --json")
    {
        foreach (Option option in (Option[])[_listening, _all, _info, _tcp, _numeric, _process, _socket])
        {
            Options.Add(option);
        }
    }

    public override GlobalOptionSet Heeds => GlobalOptionSet.Output;

    protected override async Task<int> RunAsync(
        ParseResult parsed, ToolOutput output, CancellationToken cancellationToken)
    {
        IReadOnlyList<string> paths = FindPaths(parsed.GetValue(_socket), parsed.GetValue(_process));
        List<EndpointReport> reports = [];
        foreach (string path in paths)
        {
            try
            {
                reports.Add(await EndpointClient.AskAsync(path, cancellationToken));
            }
            catch (EndpointException error)
            {
                output.Note($"usertcp ss: {path} did not answer: {error.Message}.");
            }
        }

        bool isListening = parsed.GetValue(_listening), isAll = parsed.GetValue(_all);
        if (output.IsJson)
        {
            output.Json(reports);
        }
        else if (reports.Count > 0)
        {
            foreach (string line in SocketText.Lines(
                reports, (isListening || isAll, !isListening || isAll), parsed.GetValue(_info)))
            {
                bool isDetail = line.StartsWith('\t'); // the one control character that is ours
                output.Console.Out.WriteLine((isDetail ? "\t" : "") + ToolOutput.Clean(isDetail ? line[1..] : line));
            }
        }

        return reports.Count == paths.Count ? 0 : 1;
    }

    private static IReadOnlyList<string> FindPaths(string? place, int? process)
    {
        try
        {
            IReadOnlyList<string> found = place is null ? EndpointClient.Find(DiagnosticsFolder.Candidates())
                : Directory.Exists(place) ? EndpointClient.Find([place]) : [place];
            if (process is { } id)
                found = [.. found.Where(path => Path.GetFileName(path).StartsWith($"{id}-", StringComparison.Ordinal))];
            return found.Count > 0 ? found : throw new ToolException(Failure.Read, NothingFound(place, process));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new ToolException(Failure.Read, error.Message, error);
        }
    }

    private static string NothingFound(string? place, int? process)
    {
        string who = process is { } id ? $"process {id}" : "process";
        string where = place ?? string.Join(" or ", DiagnosticsFolder.Candidates());
        return $"No {who} of this user has a diagnostics endpoint in {where}. A program opts in by "
            + "UserTcpDiagnosticsEndpoint.Start(stack), a command of this tool by --diagnostics.";
    }
}
