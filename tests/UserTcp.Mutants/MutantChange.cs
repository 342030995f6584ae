namespace UserTcp.Mutants;

/// <summary>What a mutant puts in the place of what.</summary>
/// <param name="Kind">How the instrumented code is built.</param>
/// <param name="Was">The original operator, name or literal.</param>
/// <param name="Becomes">The replacement.</param>
internal readonly record struct MutantChange(MutantKind Kind, string Was, string Becomes)
{
    public override string ToString() => Kind switch
    {
        MutantKind.Delete => "delete the statement",
        MutantKind.Negate => "negate the condition",
        _ => $"{Was} -> {Becomes}",
    };
}
