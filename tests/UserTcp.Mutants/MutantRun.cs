using System.Collections.Concurrent;
using System.Diagnostics;

namespace UserTcp.Mutants;

/// <summary>Runs the stages for each mutant, and says which mutants survive all of them.</summary>
internal sealed class MutantRun(MutatedTree tree, string folder, TextWriter output)
{
    private readonly Dictionary<Stage, TimeSpan> _limits = [];
    private readonly Dictionary<Stage, byte[]> _reached = [];

    /// <summary>
    /// Runs all stages without a mutant: they must be green. Notes how long each takes and which mutants it reaches.
    /// </summary>
    public async Task MeasureAsync()
    {
        foreach (Stage stage in Stage.All)
        {
            string file = Path.Combine(folder, $"{stage.Name}.reached");
            long start = Stopwatch.GetTimestamp();
            (bool isGreen, string text) = await tree.TestAsync(
                stage, TimeSpan.FromMinutes(60), (Instrumenter.ReachedVariable, file));
            if (!isGreen)
                throw new InvalidOperationException($"{stage.Name} fails without a mutant:\n{text}");

            TimeSpan took = Stopwatch.GetElapsedTime(start);
            _limits[stage] = (4 * took) + TimeSpan.FromSeconds(60);
            _reached[stage] = File.Exists(file) ? await File.ReadAllBytesAsync(file) : [];
            int reached = tree.Drawn.Keys.Count(number => Reaches(stage, number));
            await output.WriteLineAsync($"{stage.Name}: {took.TotalSeconds:0} s, reaches {reached} mutants");
        }
    }

    /// <returns>The survivors, by their numbers.</returns>
    public async Task<IReadOnlyList<KeyValuePair<int, Mutant>>> RunAsync(
        IEnumerable<KeyValuePair<int, Mutant>> mutants, int parallel)
    {
        var survivors = new ConcurrentBag<KeyValuePair<int, Mutant>>();
        var options = new ParallelOptions { MaxDegreeOfParallelism = parallel };
        await Parallel.ForEachAsync(mutants, options, async (pair, _) =>
        {
            string? killer = await KillAsync(pair.Key, pair.Value);
            if (killer is null)
                survivors.Add(pair);
            await output.WriteLineAsync($"{pair.Key}\t{killer ?? "SURVIVES"}\t{pair.Value}");
        });
        return [.. survivors.OrderBy(pair => pair.Value.Path).ThenBy(pair => pair.Value.Line)];
    }

    private async Task<string?> KillAsync(int number, Mutant mutant)
    {
        foreach (Stage stage in Stage.InOrderFor(mutant.Room).Where(stage => Reaches(stage, number)))
        {
            (bool isGreen, _) = await tree.TestAsync(
                stage, _limits[stage], (Instrumenter.Variable, number.ToString(null, null)),
                ("DOTNET_GCHeapHardLimit", "C0000000"));
            if (!isGreen)
                return stage.Name;
        }

        return null;
    }

    private bool Reaches(Stage stage, int number) => number < _reached[stage].Length && _reached[stage][number] != 0;
}
