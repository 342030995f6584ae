using System.ComponentModel;
using System.Diagnostics;

namespace UserTcp.Tool.Tests.Support;

/// <summary>The curl of the machine.</summary>
internal static class Curl
{
    /// <summary>Why it cannot be asked; null if it can.</summary>
    public static string? SkipReason { get; } = Find();

    /// <summary>Runs it to its end, with nothing on its standard input.</summary>
    /// <returns>The exit code and the standard output.</returns>
    public static async Task<(int Code, string Output)> RunAsync(IEnumerable<string> args)
    {
        using Process curl = Start(args);
        curl.StandardInput.Close();
        Task<string> error = curl.StandardError.ReadToEndAsync();
        string output = await curl.StandardOutput.ReadToEndAsync();
        await error;
        await curl.WaitForExitAsync();
        return (curl.ExitCode, output);
    }

    private static string? Find()
    {
        try
        {
            using Process curl = Start(["--version"]);
            string version = curl.StandardOutput.ReadToEnd();
            curl.WaitForExit();
            return version.StartsWith("curl ", StringComparison.Ordinal) ? null : "curl is another program here.";
        }
        catch (Win32Exception error)
        {
            return $"There is no curl here: {error.Message}";
        }
    }

    private static Process Start(IEnumerable<string> args) => Process.Start(
        new ProcessStartInfo("curl", ["-q", .. args])
        {
            RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true,
        })!;
}
