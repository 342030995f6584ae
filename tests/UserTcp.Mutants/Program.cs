using System.CommandLine;

namespace UserTcp.Mutants;

/// <summary>Draws mutants of the protocol's rooms and runs the fast tests against each.</summary>
internal static class Program
{
    private const double WantedShare = 0.9;

    private static Task<int> Main(string[] args)
    {
        var repository = new Option<DirectoryInfo>("--repository")
        {
            Description = "The checkout.",
            DefaultValueFactory = _ => new DirectoryInfo(Directory.GetCurrentDirectory()),
        };
        var root = new RootCommand("Changes single lines of the library and looks whether a test notices.");
        root.Subcommands.Add(MakeList(repository));
        root.Subcommands.Add(MakeRun(repository));
        return root.Parse(args).InvokeAsync();
    }

    private static Command MakeList(Option<DirectoryInfo> repository)
    {
        var list = new Command("list", "Prints the population, one mutant a line.") { repository };
        list.SetAction(result =>
        {
            IReadOnlyList<Mutant> population = Population.Read(LibraryOf(result.GetValue(repository)!));
            foreach (Mutant mutant in population)
            {
                Console.WriteLine(mutant);
            }

            Console.WriteLine($"{population.Count} mutants");
        });
        return list;
    }

    private static Command MakeRun(Option<DirectoryInfo> repository)
    {
        var seed = new Option<int>("--seed") { Description = "The seed of the draw.", DefaultValueFactory = _ => 1 };
        var count = new Option<int>("--count") { Description = "Mutants to draw.", DefaultValueFactory = _ => 200 };
        var parallel = new Option<int>("--parallel")
        {
            Description = "Mutants that are tested side by side.",
            DefaultValueFactory = _ => Environment.ProcessorCount,
        };
        var only = new Option<int[]>("--only")
        {
            Description = "Tests only these numbers of the draw.",
            AllowMultipleArgumentsPerToken = true,
        };
        var run = new Command("run", "Draws mutants and runs the fast tests against each.")
        {
            repository, seed, count, parallel, only,
        };
        run.SetAction((result, _) => RunAsync(
            result.GetValue(repository)!, result.GetValue(seed), result.GetValue(count), result.GetValue(parallel),
            result.GetValue(only) ?? []));
        return run;
    }

    private static async Task<int> RunAsync(DirectoryInfo repository, int seed, int count, int parallel, int[] only)
    {
        IReadOnlyList<Mutant> population = Population.Read(LibraryOf(repository));
        string folder = Directory.CreateTempSubdirectory("usertcp-mutants-").FullName;
        try
        {
            MutatedTree tree = await MutatedTree.CopyAsync(repository.FullName, Path.Combine(folder, "tree"));
            await tree.DrawAsync(Population.Shuffle(population, seed), count);
            await tree.BuildTestsAsync();
            Console.WriteLine($"Seed {seed} draws {tree.Drawn.Count} of {population.Count} mutants.");

            var run = new MutantRun(tree, folder, Console.Out);
            await run.MeasureAsync();
            KeyValuePair<int, Mutant>[] tested =
                [.. tree.Drawn.Where(pair => only.Length == 0 || only.Contains(pair.Key))];
            IReadOnlyList<KeyValuePair<int, Mutant>> survivors = await run.RunAsync(tested, parallel);
            return Judge(tested.Length, survivors, Survivors.Read(repository.FullName));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static int Judge(int tested, IReadOnlyList<KeyValuePair<int, Mutant>> survivors, Survivors known)
    {
        int unexplained = 0;
        foreach ((int number, Mutant mutant) in survivors)
        {
            string? reason = known.ReasonFor(mutant);
            unexplained += reason is null ? 1 : 0;
            Console.WriteLine($"survives: {number}\t{mutant}\n    {reason ?? "without a reason"}");
        }

        int killed = tested - survivors.Count;
        double share = tested == 0 ? 0 : (double)killed / tested;
        Console.WriteLine($"{killed} of {tested} mutants die ({share:P1}); {unexplained} survive without a reason");
        return share >= WantedShare && unexplained == 0 ? 0 : 1;
    }

    private static string LibraryOf(DirectoryInfo repository) =>
        Path.Combine(repository.FullName, "src", "UserTcp");
}
