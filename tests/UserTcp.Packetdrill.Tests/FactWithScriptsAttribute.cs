using System.Runtime.CompilerServices;

namespace UserTcp.Packetdrill.Tests;

/// <summary>A test that needs the scripts by others beside this repository; skipped where they are not.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class FactWithScriptsAttribute : FactAttribute
{
    private const string Reason = "There is no folder shared/packetdrill beside the repository.";

    public FactWithScriptsAttribute([CallerFilePath] string? file = null, [CallerLineNumber] int line = -1)
        : base(file, line)
    {
        if (Folder is null)
            Skip = Reason;
    }

    /// <summary>Null if there is none.</summary>
    public static string? Folder { get; } = Find();

    private static string? Find()
    {
        DirectoryInfo? folder = new(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "UserTcp.sln")))
        {
            folder = folder.Parent;
        }

        string? scripts = folder?.Parent is { } parent ? Path.Combine(parent.FullName, "shared", "packetdrill") : null;
        return Directory.Exists(scripts) ? scripts : null;
    }
}
