using System.CommandLine;
using UserTcp.Testing;
using UserTcp.Tool.Terminal;

namespace UserTcp.Tool.Commands;

/// <summary><c>sim goodput</c>: the goodput matrix, as its snapshot has it.</summary>
internal sealed class GoodputCommand : ToolCommand
{
    private const string Head = """
        Goodput of one connection between seconds 10 and 40 of virtual time, in Mbit/s, its bound, and the share of it
        that is reached; the mean of nine runs where frames are lost. `usertcp sim goodput` writes this table; a change
        of it is to be explained.

        """;

    private const string ShortHead = """

        Time from the first SYN until the last byte was read, in ms: median and worst of 25 runs, for 10 KB and 1 MB.

        """;

    private const long BitsPerMbit = 1_000_000;

    private readonly Option<long> _mostRate = new("--most-mbit")
    {
        HelpName = "N", DefaultValueFactory = _ => 1000,
        Description = "Leaves out faster paths of the first table, which take the longest.",
    };

    public GoodputCommand(ToolContext context)
        : base(
            context, "goodput", "Prints the goodput of a transfer over many paths, and the time of short ones.",
            "sim goodput", "sim goodput --most-mbit 10 --json") => Options.Add(_mostRate);

    public override GlobalOptionSet Heeds => GlobalOptionSet.Output;

    // Minutes of work: Ctrl+C is listened to only beside a command that has given its thread back.
    protected override Task<int> RunAsync(
        ParseResult parsed, ToolOutput output, CancellationToken cancellationToken)
    {
        long most = parsed.GetValue(_mostRate);
        return most >= 1
            ? Task.Run(() => Run(most, output, cancellationToken), cancellationToken)
            : throw new ToolException(Failure.Usage, "--most-mbit is at least 1.");
    }

    private static int Run(long mostMbit, ToolOutput output, CancellationToken cancellationToken)
    {
        output.Lines(Head);
        List<GoodputResult> all = Measure(
            GoodputMatrix.Cells.Where(cell => cell.BitsPerSecond / BitsPerMbit <= mostMbit), GoodputMatrix.Measure,
            output, cancellationToken);
        output.Lines(ShortHead);
        List<ShortTransferResult> brief = Measure(
            GoodputMatrix.ShortCells, GoodputMatrix.MeasureShort, output, cancellationToken);
        if (output.IsJson)
            output.Json(new { Goodput = all.Select(Describe), ShortTransfers = brief.Select(Describe) });
        return 0;
    }

    private static List<T> Measure<T>(
        IEnumerable<GoodputCell> cells, Func<GoodputCell, T> measure, ToolOutput output,
        CancellationToken cancellationToken)
    {
        List<T> results = [];
        foreach (T result in cells.AsParallel().AsOrdered().WithMergeOptions(ParallelMergeOptions.NotBuffered)
            .WithCancellation(cancellationToken).Select(measure))
        {
            results.Add(result);
            output.Line($"{result}");
        }

        return results;
    }

    private static object Describe(GoodputResult result) => new
    {
        Path = Describe(result.Cell),
        result.BitsPerSecond,
        BoundBitsPerSecond = result.Cell.Bound,
        result.Share,
    };

    private static object Describe(ShortTransferResult result) => new
    {
        Path = Describe(result.Cell),
        Transfers = result.Transfers.Select(transfer => new
        {
            transfer.Bytes,
            MedianMs = transfer.Median.TotalMilliseconds,
            WorstMs = transfer.Worst.TotalMilliseconds,
        }),
    };

    private static object Describe(GoodputCell cell) => new
    {
        cell.Loss,
        RttMs = cell.RoundTrip.TotalMilliseconds,
        cell.BitsPerSecond,
        cell.Reorders,
    };
}
