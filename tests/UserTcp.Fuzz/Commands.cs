using System.Diagnostics;
using System.Globalization;
using UserTcp.Fuzz.Seeds;

namespace UserTcp.Fuzz;

/// <summary>The command line: what a person, a script or a fuzzer asks for.</summary>
internal static class Commands
{
    private const int Found = 1;
    private const int Misused = 2;
    private const double NeededShare = 0.9;

    private const string Usage = """
        usage: UserTcp.Fuzz target COVERAGE-FILE
                                                   runs the inputs of AFL++; needs an instrumented UserTcp.dll
               UserTcp.Fuzz learn FOLDER [MINUTES [SEED]]
                                                   fuzzes by itself; needs an instrumented UserTcp.dll
               UserTcp.Fuzz run [COUNT [SEED]]      seeded mutations of the corpus, without a fuzzer
               UserTcp.Fuzz replay FILE...          runs inputs, and says what is wrong with each
               UserTcp.Fuzz minimise FILE           takes out of a finding what it does not need
               UserTcp.Fuzz corpus SCRIPTS FILE [FOLDER...]
                                                   makes the corpus: from packetdrill scripts, the swarm, and folders
                                                   of inputs, such as a fuzzer's queue
               UserTcp.Fuzz unpack FOLDER           writes each input of the corpus into a file, for AFL++
        """;

    public static int Run(string[] args)
    {
        Assertions.Throw();
        return args switch
        {
            ["target", string file] => Target.Run(file),
            ["learn", string folder, .. string[] rest] when rest.Length <= 2 => Learn(folder, rest),
            ["run", .. string[] rest] when rest.Length <= 2 => Mutate(rest),
            ["replay", .. string[] files] when files.Length > 0 => Replay(files),
            ["corpus", string scripts, string file, .. string[] folders] => CorpusMaker.Make(scripts, file, folders),
            ["unpack", string folder] => Unpack(folder),
            ["minimise", string file] => Minimise(file),
            _ => ExplainUsage(),
        };
    }

    private static int ExplainUsage()
    {
        Console.Error.WriteLine(Usage);
        return Misused;
    }

    private static int Learn(string folder, string[] args)
    {
        int minutes = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : 0;
        int seed = args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : Environment.TickCount;
        TimeSpan time = minutes == 0 ? TimeSpan.MaxValue : TimeSpan.FromMinutes(minutes);
        return new Learner(folder).Run(time, seed, NeededShare) ? 0 : Found;
    }

    private static int Mutate(string[] args)
    {
        int count = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : 100_000;
        int seed = args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : 1;
        var coverage = new StateCoverage();
        IReadOnlyList<byte[]> corpus = Corpus.Load();
        var watch = Stopwatch.StartNew();
        int findings = 0;
        for (int i = 0; i < count; i++)
        {
            if (Finding.Of(new Mutations(corpus, seed + i).Next(), coverage) is not { } finding)
                continue;

            Console.WriteLine($"{finding.Message}\n  saved as {finding.Save()}");
            findings++;
        }

        coverage.WriteTo(Console.Out, onlyMissing: true);
        Console.WriteLine($"{count} executions, {count / watch.Elapsed.TotalSeconds:F0}/s, {findings} findings");
        return findings > 0 || coverage.Share() < NeededShare ? Found : 0;
    }

    private static int Replay(string[] files)
    {
        var coverage = new StateCoverage();
        int findings = 0;
        foreach (string file in files)
        {
            Finding? finding = Finding.Of(File.ReadAllBytes(file), coverage);
            findings += finding is null ? 0 : 1;
            Console.WriteLine($"{file}: {finding?.Details ?? "nothing wrong"}");
        }

        coverage.WriteTo(Console.Out, onlyMissing: true);
        return findings > 0 ? Found : 0;
    }

    private static int Unpack(string folder)
    {
        Directory.CreateDirectory(folder);
        foreach ((int i, byte[] input) in Corpus.Load().Index())
        {
            File.WriteAllBytes(Path.Combine(folder, $"{i:D5}"), input);
        }

        return 0;
    }

    private static int Minimise(string file)
    {
        if (Finding.Of(File.ReadAllBytes(file), new StateCoverage()) is not { } finding)
        {
            Console.WriteLine("There is nothing wrong with it.");
            return 0;
        }

        Finding smallest = finding.Minimise();
        Console.WriteLine($"{smallest.Details}\n{smallest.Input.Length} bytes, saved as {smallest.Save()}");
        return Found;
    }
}
