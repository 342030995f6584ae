using System.Diagnostics;
using UserTcp.Lab.Tests.Support;

namespace UserTcp.NetworkBenchmarks.Speed;

/// <summary>A program of others, run to its end, or killed if the run is cancelled.</summary>
internal static class Tool
{
    public static ShellResult Run(CancellationToken cancelled, params string[] words)
    {
        using Process process = Shell.Start(words[0], words[1..]);
        using CancellationTokenRegistration kill = cancelled.Register(process.Kill);
        Task<string> error = process.StandardError.ReadToEndAsync(CancellationToken.None);
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        cancelled.ThrowIfCancellationRequested();
        return new ShellResult(process.ExitCode, output, error.GetAwaiter().GetResult());
    }
}
