using System.Text.RegularExpressions;

namespace UserTcp.Mutants;

/// <summary>A copy of the repository whose library holds mutants behind the switch.</summary>
internal sealed partial class MutatedTree
{
    private static readonly TimeSpan s_buildLimit = TimeSpan.FromMinutes(20);

    private static readonly Dictionary<string, string> s_environment = new()
    {
        ["DOTNET_CLI_TELEMETRY_OPTOUT"] = "1", ["MSBUILDDISABLENODEREUSE"] = "1",
    };

    private readonly string _folder;
    private readonly string _library;
    private readonly Dictionary<int, Mutant> _drawn = [];

    private MutatedTree(string folder)
    {
        _folder = folder;
        _library = Path.Combine(folder, "src", "UserTcp");
    }

    /// <summary>The mutants that were compiled in, by their numbers.</summary>
    public IReadOnlyDictionary<int, Mutant> Drawn => _drawn;

    /// <summary>Copies the files that git tracks, or would.</summary>
    public static async Task<MutatedTree> CopyAsync(string repository, string folder)
    {
        (int code, string list) = await Commands.RunAsync(
            repository, s_buildLimit, s_environment, "git", "ls-files", "--cached", "--others", "--exclude-standard");
        if (code != 0)
            throw new InvalidOperationException($"git ls-files ended with code {code}: {list}");

        foreach (string file in list.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            string source = Path.Combine(repository, file);
            if (!File.Exists(source))
                continue;
            string target = Path.Combine(folder, file);
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(source, target, overwrite: true);
        }

        return new MutatedTree(folder);
    }

    /// <summary>Draws as many mutants as wanted. A mutant that does not compile is passed over.</summary>
    public async Task DrawAsync(IReadOnlyList<Mutant> order, int count)
    {
        var originals = new Dictionary<string, string>();
        var rejected = new HashSet<int>();
        await File.WriteAllTextAsync(Path.Combine(_library, "MutantSwitch.cs"), Instrumenter.Switch);
        for (int next = 0; ;)
        {
            for (; _drawn.Count < count && next < order.Count; next++)
            {
                _drawn.Add(next, order[next]);
            }

            await WriteAsync(originals);
            string errors = await BuildAsync("src/UserTcp");
            if (errors.Length == 0)
                return;

            int before = rejected.Count;
            rejected.UnionWith(await BlameAsync(errors));
            if (rejected.Count == before)
                throw new InvalidOperationException($"No mutant explains why the library does not compile:\n{errors}");
            foreach (int number in rejected)
            {
                _drawn.Remove(number);
            }
        }
    }

    /// <summary>Builds the projects of the stages.</summary>
    public async Task BuildTestsAsync()
    {
        foreach (string project in Stage.All.Select(stage => stage.Project).Distinct())
        {
            string errors = await BuildAsync($"tests/{project}");
            if (errors.Length > 0)
                throw new InvalidOperationException($"{project} does not compile:\n{errors}");
        }
    }

    /// <summary>Runs one stage, up to its first failure.</summary>
    /// <returns>Whether all tests passed, and the output.</returns>
    public async Task<(bool IsGreen, string Output)> TestAsync(
        Stage stage, TimeSpan limit, params (string Name, string Value)[] variables)
    {
        var environment = new Dictionary<string, string>(s_environment);
        foreach ((string name, string value) in variables)
        {
            environment[name] = value;
        }

        string folder = Path.Combine(_folder, "tests", stage.Project, "bin", "Release", "net10.0");
        (int code, string output) = await Commands.RunAsync(
            folder, limit, environment, Path.Combine(folder, stage.Project), "-noLogo", "-noColor", "-stopOnFail",
            "-filterVSTest", stage.Filter);
        return (code == 0 && SomeTests().IsMatch(output), output);
    }

    [GeneratedRegex(@"Total: [1-9]")]
    private static partial Regex SomeTests();

    [GeneratedRegex(@"^\s*(?<file>[^\s(][^(]*)\((?<line>\d+),\d+\): error CS\d+", RegexOptions.Multiline)]
    private static partial Regex CompilerError();

    [GeneratedRegex(@"MutantSwitch\.Is\((?<number>\d+)\)")]
    private static partial Regex Question();

    // A file whose mutants were all passed over gets its own text back.
    private async Task WriteAsync(Dictionary<string, string> originals)
    {
        ILookup<string, KeyValuePair<int, Mutant>> byFile = _drawn.ToLookup(pair => pair.Value.Path);
        foreach (string file in byFile.Select(group => group.Key).Union(originals.Keys).ToArray())
        {
            string path = Path.Combine(_library, file);
            if (!originals.TryGetValue(file, out string? original))
                originals[file] = original = await File.ReadAllTextAsync(path);
            string text = Instrumenter.Apply(original, byFile[file].ToDictionary(pair => pair.Key, pair => pair.Value));
            await File.WriteAllTextAsync(path, text);
        }
    }

    private async Task<string> BuildAsync(string project)
    {
        (int code, string output) = await Commands.RunAsync(
            _folder, s_buildLimit, s_environment, "dotnet", "build", project, "-c", "Release", "--nologo",
            "-v", "quiet", "-nodeReuse:false", "-p:TreatWarningsAsErrors=false", "-p:RunAnalyzers=false",
            "-p:EnforceCodeStyleInBuild=false");
        return code == 0 ? "" : output;
    }

    // The error lies in the line of the question, or in a later one of the same statement.
    private static async Task<IReadOnlyCollection<int>> BlameAsync(string errors)
    {
        var blamed = new HashSet<int>();
        foreach (Match error in CompilerError().Matches(errors))
        {
            string[] lines = await File.ReadAllLinesAsync(error.Groups["file"].Value);
            int line = int.Parse(error.Groups["line"].Value, null) - 1;
            for (int at = line; at >= 0; at--)
            {
                MatchCollection questions = Question().Matches(lines[at]);
                if (questions.Count == 0)
                    continue;
                blamed.UnionWith(questions.Select(question => int.Parse(question.Groups["number"].Value, null)));
                break;
            }
        }

        return blamed;
    }
}
