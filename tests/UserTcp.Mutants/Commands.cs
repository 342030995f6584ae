using System.ComponentModel;
using System.Diagnostics;

namespace UserTcp.Mutants;

/// <summary>Runs programs with a limit of time.</summary>
internal static class Commands
{
    /// <summary>The exit code of a program that was ended after its time.</summary>
    public const int TimedOut = 124;

    /// <returns>The exit code, and all that the program printed.</returns>
    public static async Task<(int Code, string Output)> RunAsync(
        string folder, TimeSpan limit, IReadOnlyDictionary<string, string> variables, string program,
        params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        };
        foreach ((string name, string value) in variables)
        {
            start.Environment[name] = value;
        }

        using Process process = Process.Start(start) ?? throw new Win32Exception($"{program} does not start.");
        process.StandardInput.Close();
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        Task<string> errors = process.StandardError.ReadToEndAsync();
        using var patience = new CancellationTokenSource(limit);
        bool isLate = false;
        try
        {
            await process.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            isLate = true;
            process.Kill(entireProcessTree: true);
            await process.WaitForExitAsync(CancellationToken.None);
        }

        return (isLate ? TimedOut : process.ExitCode, await output + await errors);
    }
}
