namespace UserTcp.Fuzz.Tests;

/// <summary>The fuzzer's executions without a fuzzer: the whole corpus, and seeded mutations of it.</summary>
public sealed class ShortRunTests
{
    private const int Mutants = 100_000;
    private const double NeededShare = 0.9;

    /// <summary>
    /// Green only if everything ran: each execution counts itself at its very end, and the states that all of them
    /// reached are counted, too.
    /// </summary>
    [Fact]
    public void The_corpus_and_its_mutants_break_no_invariant_and_reach_the_states()
    {
        IReadOnlyList<byte[]> corpus = Corpus.Load();
        Assert.InRange(corpus.Count, 200, int.MaxValue);
        int workers = Math.Clamp(Environment.ProcessorCount, 1, 4);
        var runs = new ShortRun[workers];
        Parallel.For(0, workers, new ParallelOptions { MaxDegreeOfParallelism = workers }, i =>
        {
            runs[i] = new ShortRun(corpus, i, workers, Mutants);
            runs[i].Execute();
        });

        StateCoverage coverage = runs[0].Coverage;
        foreach (ShortRun run in runs[1..])
        {
            coverage.Add(run.Coverage);
        }

        Assert.Empty(runs.SelectMany(static run => run.Findings));
        Assert.Equal(corpus.Count + Mutants, coverage.Executions);
        using var missing = new StringWriter();
        coverage.WriteTo(missing, onlyMissing: true);
        Assert.True(coverage.Share() >= NeededShare, missing.ToString());
    }
}
