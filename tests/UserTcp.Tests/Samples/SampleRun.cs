using System.Text;
using HttpGet;

namespace UserTcp.Tests.Samples;

/// <summary>The sample, run in this process, and what it left behind.</summary>
internal sealed record SampleRun(ExitCode Code, string Output, string Error)
{
    public static Task<SampleRun> RunAsync(params string[] args) => RunAsync(args, settings: null);

    public static async Task<SampleRun> RunAsync(
        string[] args, GetSettings? settings, Stream? standardOutput = null,
        CancellationToken cancellationToken = default)
    {
        using MemoryStream output = new();
        using StringWriter error = new();
        int code = await Program.RunAsync(args, standardOutput ?? output, error, cancellationToken, settings);
        return new((ExitCode)code, Encoding.UTF8.GetString(output.ToArray()), error.ToString());
    }

    /// <summary>The one line of a failure: the last thing said.</summary>
    public string FailureLine
    {
        get
        {
            string[] lines = Error.Split('\n', StringSplitOptions.RemoveEmptyEntries);
            Assert.StartsWith("HttpGet: ", lines[^1], StringComparison.Ordinal);
            return lines[^1];
        }
    }
}
