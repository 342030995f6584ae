using System.CommandLine;
using System.Globalization;
using UserTcp.Tool.Terminal;
using UserTcp.Tool.Trace;

namespace UserTcp.Tool.Commands;

/// <summary><c>trace</c>: what a capture shows of TCP, as a page, a table or JSON.</summary>
internal sealed class TraceCommand : ToolCommand
{
    private readonly Argument<string> _file = new Argument<string>("FILE")
    {
        Description = "A capture, of this tool or any other: pcapng or pcap, also compressed by gzip; - for the "
            + "standard input.",
    }.NeverEmpty();

    private readonly Option<string?> _output = new Option<string?>("--output", "-o")
    {
        HelpName = "FILE.html", Description = "The page's file; by default beside the capture.",
    }.NeverEmpty();

    private readonly Option<int> _most = new("--connections")
    {
        HelpName = "N", DefaultValueFactory = _ => 50,
        Description = "How many connections to show: those with the most bytes.",
    };

    public TraceCommand(ToolContext context)
        : base(
            context, "trace",
            "Makes an HTML page of a capture: time and sequence, round trips, window, throughput of each connection.",
            "trace get.pcapng", "trace get.pcapng -o report.html", "trace server.pcap --json")
    {
        Arguments.Add(_file);
        Options.Add(_output);
        Options.Add(_most);
    }

    public override GlobalOptionSet Heeds => GlobalOptionSet.Output;

    protected override Task<int> RunAsync(ParseResult parsed, ToolOutput output, CancellationToken cancellationToken)
    {
        string file = parsed.GetValue(_file)!;
        int most = parsed.GetValue(_most);
        if (most < 1)
            throw new ToolException(Failure.Usage, "--connections is at least 1.");

        string page = parsed.GetValue(_output) ?? (file == "-" ? "trace.html" : Path.ChangeExtension(file, ".html"));
        if (!output.IsJson && Path.GetFullPath(page) == Path.GetFullPath(file))
            throw new ToolException(Failure.Usage, "The page would overwrite the capture: choose another file by -o.");

        TraceAnalysis analysis = Read(file, output);
        if (analysis.Connections.Count == 0)
            throw new ToolException(Failure.Read, NothingIn(file, analysis));
        foreach ((long frames, Obstacle why) in analysis.WithoutTcp.Where(item => item.Why.IsUnread))
            output.Note($"Left out: {Frames(frames)} {why}.");

        if (output.IsJson)
        {
            output.Json(analysis.Connections.Select(Describe));
            return Task.FromResult(0);
        }

        Write(page, TraceReport.Make(Path.GetFileName(file), analysis, most));
        Show(analysis, most, output);
        output.Line($"Report: {page}");
        return Task.FromResult(0);
    }

    // The reasons that most frames have: a capture of some other network names its headers here.
    private static string NothingIn(string file, TraceAnalysis analysis)
    {
        const int Most = 5;
        string all = $"{file} has {Frames(analysis.Frames)} and no TCP";
        IEnumerable<string> reasons = analysis.WithoutTcp.Take(Most).Select(item => $"{item.Frames} {item.Why}");
        return analysis.Frames == 0 ? $"{all}." : $"{all}: {string.Join("; ", reasons)}.";
    }

    private static string Frames(long count) => count == 1 ? "1 frame" : $"{count} frames";

    private static TraceAnalysis Read(string file, ToolOutput output)
    {
        using Stream stream = CaptureFile.Open(file, output.Console.Input);
        try
        {
            return TraceAnalysis.Of(CaptureFile.Read(stream));
        }
        catch (Exception error) when (CaptureFile.IsUnreadable(error))
        {
            throw new ToolException(Failure.Read, error.Message, error);
        }
    }

    private static void Write(string page, string text)
    {
        try
        {
            File.WriteAllText(page, text);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new ToolException(Failure.Write, error.Message, error);
        }
    }

    private static object Describe(TraceConnection connection) => new
    {
        Client = connection.Client.ToString(),
        Server = connection.Server.ToString(),
        StartSeconds = connection.Start,
        Seconds = connection.End - connection.Start,
        connection.WasReset,
        ClientToServer = TraceFlowSummary.Of(connection.Upwards),
        ServerToClient = TraceFlowSummary.Of(connection.Downwards),
    };

    internal static void Show(TraceAnalysis analysis, int most, ToolOutput output)
    {
        TextTable table = new TextTable(
            "client", "server", "start", "seconds", "bytes up", "bytes down", "again", "rtt", "rate", "end")
            .AlignRight(2, 3, 4, 5, 6, 7, 8).MayLack(2, 3, 7, 8, 9, 6);
        foreach (TraceConnection connection in analysis.Connections.OrderByDescending(item => item.Bytes).Take(most))
        {
            TraceFlow main = connection.Upwards.Bytes > connection.Downwards.Bytes
                ? connection.Upwards : connection.Downwards;
            var summary = TraceFlowSummary.Of(main);
            table.Add(
                connection.Client.ToString(), connection.Server.ToString(), Text(connection.Start),
                Text(connection.End - connection.Start), Quantity.Count(connection.Upwards.Bytes),
                Quantity.Count(connection.Downwards.Bytes), Quantity.Count(connection.Retransmissions),
                summary.RttMedianMs is { } median ? Quantity.Milliseconds(TimeSpan.FromMilliseconds(median)) : "-",
                Quantity.BitsPerSecond(summary.BitsPerSecond), connection.WasReset ? "reset" : "");
        }

        table.Show(output);
    }

    private static string Text(double seconds) => seconds.ToString("0.000", CultureInfo.InvariantCulture);
}
