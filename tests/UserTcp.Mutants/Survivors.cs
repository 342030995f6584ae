namespace UserTcp.Mutants;

/// <summary>The mutants that no test can kill, or should, each with its reason.</summary>
internal sealed class Survivors
{
    /// <summary>The file, relative to the repository: path, change, line and reason, with tabs between.</summary>
    public const string File = "tests/UserTcp.Mutants/survivors.tsv";

    private readonly Dictionary<string, string> _reasons;

    private Survivors(Dictionary<string, string> reasons) => _reasons = reasons;

    public IEnumerable<string> Keys => _reasons.Keys;

    /// <exception cref="FormatException">A line has not four columns.</exception>
    public static Survivors Read(string repository) =>
        Parse(System.IO.File.ReadAllLines(Path.Combine(repository, File)));

    /// <exception cref="FormatException">A line has not four columns.</exception>
    public static Survivors Parse(IEnumerable<string> lines)
    {
        var reasons = new Dictionary<string, string>();
        foreach (string line in lines.Where(line => line.Length > 0 && line[0] != '#'))
        {
            string[] columns = line.Split('\t');
            if (columns.Length != 4 || columns[3].Length == 0)
                throw new FormatException($"'{line}' has not the columns path, change, line and reason.");
            reasons[string.Join('\t', columns[..3])] = columns[3];
        }

        return new Survivors(reasons);
    }

    public string? ReasonFor(Mutant mutant) => _reasons.GetValueOrDefault(mutant.Key);
}
