namespace UserTcp.Fuzz;

/// <summary>
/// A part of the corpus and of its mutants, in one thread. The whole is the same for any number of parts.
/// </summary>
internal sealed class ShortRun(IReadOnlyList<byte[]> corpus, int part, int parts, int mutants)
{
    private const int MostFindings = 10;

    private readonly List<string> _findings = [];

    public StateCoverage Coverage { get; } = new();

    /// <summary>Violations, each with its input in hexadecimal digits.</summary>
    public IReadOnlyList<string> Findings => _findings;

    public void Execute()
    {
        for (int i = part; i < corpus.Count; i += parts)
        {
            Execute(corpus[i]);
        }

        for (int i = part; i < mutants && _findings.Count < MostFindings; i += parts)
        {
            Execute(new Mutations(corpus, i).Next());
        }
    }

    private void Execute(byte[] input)
    {
        if (Finding.Of(input, Coverage) is { } finding)
            _findings.Add($"{finding.Message}\n{Convert.ToHexString(input)}\n{finding.Details}");
    }
}
