namespace UserTcp.Mutants;

/// <summary>A part of the fast tests that runs in a process of its own.</summary>
/// <param name="Project">The test project's name.</param>
/// <param name="Filter">The filter of the test runner.</param>
/// <param name="Room">The room whose mutants meet this stage first, if there is one.</param>
internal sealed record Stage(string Project, string Filter, string? Room = null)
{
    /// <summary>All stages, the quickest first.</summary>
    public static IReadOnlyList<Stage> All { get; } =
    [
        Unit("Ip", "Ip"),
        Unit("Buffers", "Buffers"),
        Unit("Pipes"),
        Unit("Stack", "Stack"),
        Unit("Tcp", "Tcp"),
        new("UserTcp.Packetdrill.Tests", "Category!=ScriptsByOthers"),
        Unit("Runtime"),
        Unit("Api"),
        new("UserTcp.Simulation.Tests", "FullyQualifiedName~SwarmTests"),
    ];

    public string Name => Filter.StartsWith("FullyQualifiedName~", StringComparison.Ordinal)
        ? Filter["FullyQualifiedName~".Length..].TrimEnd('.')
        : Project;

    /// <summary>The stages in the order for one room.</summary>
    public static IEnumerable<Stage> InOrderFor(string room) =>
        All.Where(stage => stage.Room == room).Concat(All.Where(stage => stage.Room != room));

    private static Stage Unit(string name, string? room = null) =>
        new("UserTcp.Tests", $"FullyQualifiedName~UserTcp.Tests.{name}.", room);
}
