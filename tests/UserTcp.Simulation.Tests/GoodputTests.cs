using System.Globalization;
using UserTcp.Testing;

namespace UserTcp.Simulation.Tests;

/// <summary>
/// The goodput matrix is what its snapshot says, to the last digit: who changes it writes it anew with
/// <c>dotnet run -c Release --project src/UserTcp.Tool -- sim goodput</c>, and explains the difference.
/// </summary>
public sealed class GoodputTests
{
    private const long SlowRate = 10_000_000;

    public static IReadOnlyList<string> Snapshot { get; } =
        File.ReadAllLines(Path.Combine(AppContext.BaseDirectory, "snapshots", "goodput.txt"));

    /// <summary>The fast paths take minutes in a debug build; the tool's table has them all.</summary>
    [Fact]
    public void Goodput_over_slow_paths_is_that_of_the_snapshot() =>
        Matches(GoodputMatrix.Cells.Where(cell => cell.BitsPerSecond == SlowRate), GoodputMatrix.Measure);

    [Fact]
    public void Short_transfers_take_as_long_as_in_the_snapshot() =>
        Matches(GoodputMatrix.ShortCells.Where(cell => cell.Loss <= 0.01), GoodputMatrix.MeasureShort);

    [Fact]
    public void The_snapshot_has_every_path_once() => Assert.Equal(
        GoodputMatrix.Cells.Concat(GoodputMatrix.ShortCells).Select(cell => cell.ToString()),
        Snapshot.Where(line => line.Contains(" Mbit/s  ", StringComparison.Ordinal))
            .Select(line => line[..GoodputMatrix.Cells[0].ToString().Length]));

    /// <summary>Of ten in a hundred lost frames only the figures are reported.</summary>
    [Fact]
    public void Paths_without_loss_are_filled_and_those_with_some_reach_what_reno_would()
    {
        string[] lines = [.. Snapshot.Where(line => line.EndsWith('%'))];
        Assert.Equal(GoodputMatrix.Cells.Count, lines.Length);
        Assert.All(GoodputMatrix.Cells.Zip(lines), pair =>
        {
            double share = double.Parse(pair.Second.TrimEnd(' ', '%').Split(' ')[^1], CultureInfo.InvariantCulture);
            double least = pair.First.Loss == 0 ? 95 : pair.First.Loss <= 0.03 ? 85 : 0;
            Assert.True(share >= least, pair.Second);
        });
    }

    [Fact]
    public void Bounds_are_those_of_the_formulas()
    {
        Assert.Equal(1e9 * 1448 / 1514, Cell(0, 300, 1000).Bound, 1.0);
        Assert.Equal(10e6 * 1448 / 1514, Cell(0.1, 300, 10).Bound, 1.0);

        // RTT 0.1 s, p = 0.01: 0.1 √(0.02/3) + 0.2 · 3 √(0.03/8) · 0.01 · (1 + 32 · 0.0001)
        double seconds = 0.1 * Math.Sqrt(0.02 / 3) + 0.2 * 3 * Math.Sqrt(0.03 / 8) * 0.01 * 1.0032;
        Assert.Equal(1448 * 8 / seconds, Cell(0.01, 100, 1000).Bound, 1.0);
    }

    private static GoodputCell Cell(double loss, int milliseconds, int megabits) =>
        new(loss, TimeSpan.FromMilliseconds(milliseconds), megabits * 1_000_000L, false);

    private static void Matches(IEnumerable<GoodputCell> cells, Func<GoodputCell, object> measure)
    {
        string[] lines = cells.AsParallel().AsOrdered().Select(cell => $"{measure(cell)}").ToArray();
        Assert.NotEmpty(lines);
        string[] changed = lines.Except(Snapshot).ToArray();
        Assert.True(changed.Length == 0, $"Not in the snapshot:\n{string.Join('\n', changed)}");
    }
}
