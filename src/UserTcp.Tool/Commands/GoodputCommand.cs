using System.CommandLine;
using UserTcp.Testing;

namespace UserTcp.Tool.Commands;

/// <summary><c>sim goodput</c>: the goodput matrix, as its snapshot has it.</summary>
internal static class GoodputCommand
{
    private const string Head = """
        Goodput of one connection between seconds 10 and 40 of virtual time, in Mbit/s, its bound, and the share of it
        that is reached; the mean of nine runs where frames are lost. `usertcp sim goodput` writes this table; a change
        of it is to be explained.

        """;

    private const string ShortHead = """

        Time from the first SYN until the last byte was read, in ms: median and worst of 25 runs, for 10 KB and 1 MB.

        """;

    public static Command Make()
    {
        var mostRate = new Option<long>("--most-mbit")
        {
            Description = "Leaves out faster paths, which take longest.", DefaultValueFactory = _ => 1000,
        };
        var command = new Command("goodput", "Prints the goodput of a transfer over many paths.") { mostRate };
        command.SetAction(parsed => Run(parsed.GetValue(mostRate) * 1_000_000));
        return command;
    }

    private static int Run(long mostRate)
    {
        Console.WriteLine(Head);
        Print(GoodputMatrix.Cells.Where(cell => cell.BitsPerSecond <= mostRate), GoodputMatrix.Measure);
        Console.WriteLine(ShortHead);
        Print(GoodputMatrix.ShortCells, GoodputMatrix.MeasureShort);
        return 0;
    }

    private static void Print(IEnumerable<GoodputCell> cells, Func<GoodputCell, string> measure)
    {
        foreach (string line in cells.AsParallel().AsOrdered().WithMergeOptions(ParallelMergeOptions.NotBuffered)
            .Select(measure))
        {
            Console.WriteLine(line);
        }
    }
}
