using System.Diagnostics;
using UserTcp.Lab.Tests.Support;

namespace UserTcp.Lab.Tests.Tool;

/// <summary>The tool as a process in the lab's host namespace, with a stack at 10.9.0.50.</summary>
internal sealed class ToolProcess
{
    private static readonly TimeSpan s_guard = TimeSpan.FromMinutes(5);
    private readonly Process _process;

    private ToolProcess(Process process) => _process = process;

    public static ToolProcess Start(LabNetwork lab, params string[] arguments) => new(lab.Host.Start(
        "dotnet",
        [
            Path.Combine(AppContext.BaseDirectory, "UserTcp.Tool.dll"), .. arguments,
            "--link", LabNetwork.HostDevice, "--address", $"{LabNetwork.Address(50)}/24",
        ]));

    /// <summary>Waits for a line of the standard output, or of the standard error, with these words.</summary>
    public async Task LineAsync(string words, bool ofError = false)
    {
        StreamReader reader = ofError ? _process.StandardError : _process.StandardOutput;
        while (await reader.ReadLineAsync().WaitAsync(s_guard) is { } line)
        {
            if (line.Contains(words, StringComparison.Ordinal))
                return;
        }

        throw new InvalidOperationException($"The tool ended without a line with '{words}'.");
    }

    /// <summary>What it printed, or printed after the line that was waited for; fails if it fails.</summary>
    public async Task<string> EndAsync()
    {
        Task<string> error = _process.StandardError.ReadToEndAsync();
        string output = await _process.StandardOutput.ReadToEndAsync().WaitAsync(s_guard);
        await _process.WaitForExitAsync().WaitAsync(s_guard);
        Assert.True(_process.ExitCode == 0, $"The tool ended with {_process.ExitCode}: {await error} {output}");
        return output;
    }
}
