using System.Diagnostics;

namespace UserTcp.Lab.Tests.Support;

internal readonly record struct ShellResult(int ExitCode, string Output, string Error);

/// <summary>Runs commands by <c>sh -c</c>.</summary>
internal static class Shell
{
    /// <summary>Runs a command to its end and returns what it printed; throws if it fails.</summary>
    public static string Run(string command)
    {
        ShellResult result = TryRun(command);
        return result.ExitCode == 0
            ? result.Output
            : throw new InvalidOperationException($"'{command}' ended with {result.ExitCode}: {result.Error.Trim()}");
    }

    public static ShellResult TryRun(string command)
    {
        using Process process = Start("sh", "-c", command);
        Task<string> error = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return new ShellResult(process.ExitCode, output, error.GetAwaiter().GetResult());
    }

    /// <summary>Starts a program with its output redirected.</summary>
    public static Process Start(string program, params string[] arguments) => Process.Start(
        new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;

    public static bool Exists(string tool) => TryRun($"command -v {tool}").ExitCode == 0;
}
