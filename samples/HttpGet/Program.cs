using System.Runtime.InteropServices;

namespace HttpGet;

/// <summary>Fetches a page through UserTcp. Try it without arguments; see <c>--help</c>.</summary>
internal static class Program
{
    private static async Task<int> Main(string[] args)
    {
        using CancellationTokenSource interrupted = new();
        using PosixSignalRegistration control = PosixSignalRegistration.Create(PosixSignal.SIGINT, Interrupt);
        using PosixSignalRegistration terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Interrupt);
        using Stream output = Console.OpenStandardOutput();
        GetSettings settings = new() { ShowProgress = !Console.IsErrorRedirected };
        return await RunAsync(args, output, Console.Error, interrupted.Token, settings);

        void Interrupt(PosixSignalContext signal)
        {
            // Not the end yet: the connection is reset first, so that the server need not wait for its timeouts.
            signal.Cancel = true;
            interrupted.Cancel();
        }
    }

    /// <summary>The whole program.</summary>
    /// <param name="args">The command line.</param>
    /// <param name="standardOutput">Gets the body.</param>
    /// <param name="standardError">Gets everything else.</param>
    /// <param name="cancellationToken">Ctrl+C.</param>
    /// <param name="settings">What no option changes.</param>
    /// <returns>The exit code.</returns>
    internal static async Task<int> RunAsync(
        string[] args, Stream standardOutput, TextWriter standardError, CancellationToken cancellationToken,
        GetSettings? settings = null)
    {
        try
        {
            using StreamWriter help = new(standardOutput, leaveOpen: true);
            if (CommandLine.Parse(args, help) is { } options)
            {
                Report report = new(standardError, options.Verbose);
                await new GetSession(options, settings ?? new(), standardOutput, report).RunAsync(cancellationToken);
            }

            return (int)ExitCode.Ok;
        }
        catch (GetException failure)
        {
            new Report(standardError, isVerbose: false).Error(failure.Message);
            return (int)failure.Code;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            new Report(standardError, isVerbose: false).Error("Interrupted: the connection was reset.");
            return (int)ExitCode.Interrupted;
        }
    }
}
