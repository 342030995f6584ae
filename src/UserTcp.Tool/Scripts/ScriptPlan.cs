using UserTcp.Testing.Packetdrill;

namespace UserTcp.Tool.Scripts;

/// <summary>Which scripts are run, and what becomes of it.</summary>
internal sealed record ScriptPlan
{
    public const string Extension = ".pkt";

    /// <summary>Scripts, or folders of them.</summary>
    public required IReadOnlyList<string> Paths { get; init; }

    public required PacketdrillOptions Options { get; init; }

    /// <summary>The file for the results as JSON; null for none.</summary>
    public string? ResultFile { get; init; }

    /// <summary>The folder for a capture of each; null for none.</summary>
    public string? CaptureFolder { get; init; }

    /// <summary>The scripts, in a fixed order.</summary>
    /// <exception cref="ToolException">A path does not exist, or there are none.</exception>
    public IReadOnlyList<string> Files()
    {
        if (Paths.FirstOrDefault(path => !Path.Exists(path)) is { } missing)
            throw new ToolException(Failure.Usage, $"{missing} does not exist.");

        // Between --json and the paths a file name is easily left out.
        if (ResultFile is not null && (ResultFile.EndsWith(Extension, StringComparison.Ordinal)
            || Directory.Exists(ResultFile)))
        {
            throw new ToolException(
                Failure.Usage, $"--json would write its results to {ResultFile}: name a file, or put --json last.");
        }

        List<string> files = [.. Paths.SelectMany(FilesOf)];
        return files.Count > 0
            ? files
            : throw new ToolException(Failure.Usage, $"There are no scripts (*{Extension}).");
    }

    private static IEnumerable<string> FilesOf(string path) => Directory.Exists(path)
        ? Directory.EnumerateFiles(path, $"*{Extension}", SearchOption.AllDirectories).Order(StringComparer.Ordinal)
        : [path];
}
