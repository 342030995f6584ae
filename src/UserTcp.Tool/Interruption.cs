using System.Runtime.InteropServices;

namespace UserTcp.Tool;

/// <summary>
/// Ctrl+C, SIGTERM and SIGHUP (of a closed terminal, or of ssh that ends its ProxyCommand): the first one asks for an
/// end in order, the second one ends the process at once. Thread-safe.
/// </summary>
/// <param name="exit">Ends the process, with the code for it.</param>
/// <param name="tell">Takes a line for the user.</param>
/// <param name="time">The clock.</param>
internal sealed class Interruption(Action<int> exit, Action<string> tell, TimeProvider time) : IDisposable
{
    /// <summary>As shells report it.</summary>
    public const int ExitCode = 130;

    /// <summary>
    /// Connections are closed in order, for which a stack takes up to five seconds; who is not done after this never
    /// will be, and not every sender of a signal sends a second one (<c>timeout</c>).
    /// </summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly CancellationTokenSource _cancel = new();
    private readonly List<PosixSignalRegistration> _registrations = [];
    private ITimer? _patience;
    private int _signals;

    /// <summary>Cancelled by the first signal.</summary>
    public CancellationToken Token => _cancel.Token;

    /// <summary>Takes the signals of the process.</summary>
    public static Interruption OfProcess(TextWriter error)
    {
        var interruption = new Interruption(Environment.Exit, error.WriteLine, TimeProvider.System);
        foreach (PosixSignal signal in (PosixSignal[])[PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP])
        {
            interruption._registrations.Add(PosixSignalRegistration.Create(signal, context =>
            {
                context.Cancel = true;
                interruption.Signal();
            }));
        }

        return interruption;
    }

    /// <summary>A signal has come.</summary>
    public void Signal()
    {
        if (Interlocked.Increment(ref _signals) > 1)
        {
            exit(ExitCode);
            return;
        }

        _patience = time.CreateTimer(_ => GiveUp(), null, Patience, Timeout.InfiniteTimeSpan);

        // Not Cancel: the next signal must not have to wait for what waits for this one.
        _ = _cancel.CancelAsync();
    }

    // Not the token source: whoever still runs may ask it.
    public void Dispose()
    {
        _registrations.ForEach(registration => registration.Dispose());
        _patience?.Dispose();
    }

    private void GiveUp()
    {
        tell("usertcp: not everything could be ended in time.");
        exit(ExitCode);
    }
}
