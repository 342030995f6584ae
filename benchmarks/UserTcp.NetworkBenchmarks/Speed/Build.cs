namespace UserTcp.NetworkBenchmarks.Speed;

/// <summary>The programs of a build.</summary>
/// <param name="Folder">The output folder of the network benchmarks.</param>
internal sealed record Build(string Folder)
{
    private const string NetworkProject = "UserTcp.NetworkBenchmarks";
    private const string CoreProject = "UserTcp.Benchmarks";
    private const string UpToProjects = "../../../..";

    /// <summary>This build.</summary>
    public static Build Own { get; } = new(AppContext.BaseDirectory);

    /// <summary>The program with the two ends of a cable.</summary>
    public string Network => Path.Combine(Folder, NetworkProject);

    /// <summary>The program with two stacks by hand.</summary>
    public string Core => Path.Combine(Projects, CoreProject, Output, CoreProject);

    private string Projects => Path.GetFullPath(Path.Combine(Folder, UpToProjects));

    // Configuration and framework, as bin/Release/net10.0.
    private string Output => Path.GetRelativePath(Path.Combine(Projects, NetworkProject), Folder);

    /// <summary>The build of another tree of sources.</summary>
    /// <param name="root">Its root folder. Both projects of benchmarks were built there as here.</param>
    /// <exception cref="FileNotFoundException">They were not.</exception>
    public static Build In(string root)
    {
        var build = new Build(Path.Combine(root, "benchmarks", NetworkProject, Own.Output));
        foreach (string program in new[] { build.Network, build.Core })
        {
            if (!File.Exists(program))
            {
                throw new FileNotFoundException(
                    $"There is no {program}: build benchmarks/{NetworkProject} in {root} first.", program);
            }
        }

        return build;
    }
}
