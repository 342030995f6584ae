namespace UserTcp.Tests.Support;

/// <summary>Whole stacks with threads and the system's clock: such tests run after all others, one at a time.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class RealTime
{
    public const string Name = "Real time";
}
