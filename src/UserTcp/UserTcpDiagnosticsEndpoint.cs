using System.Net.Sockets;
using UserTcp.Diagnostics;
using UserTcp.Runtime;

namespace UserTcp;

/// <summary>
/// Lets <c>usertcp ss</c>, run by the same user, see the listeners and connections of a stack:
/// <c>UserTcpDiagnosticsEndpoint.Start(stack)</c>. Nothing listens unless this is called. Thread-safe.
/// </summary>
/// <remarks>
/// <para>The endpoint is a Unix domain socket with the rights of its owner (mode 0600, in a folder of mode 0700), on
/// Windows in the user's profile. It tells addresses, ports, states and counters; it tells no bytes of a connection and
/// changes nothing. Eight clients are served at a time, each for a few seconds.</para>
/// <para>Each connection is described at one moment, all of them one after the other: the stack is held up for one
/// connection at most. The socket of a process that was killed is removed by the next one that starts.</para>
/// </remarks>
public sealed class UserTcpDiagnosticsEndpoint : IAsyncDisposable
{
    private static int s_lastNumber;

    private readonly DiagnosticsServer _server;

    private UserTcpDiagnosticsEndpoint(DiagnosticsServer server, string path)
    {
        _server = server;
        SocketPath = path;
    }

    /// <summary>The path of the socket.</summary>
    public string SocketPath { get; }

    /// <summary>Starts to answer for a stack, which may itself start later.</summary>
    /// <param name="stack">The stack; it is not disposed of with the endpoint.</param>
    /// <param name="options">Validated and copied; null for the defaults.</param>
    /// <returns>The endpoint: dispose of it before the stack.</returns>
    /// <exception cref="UnauthorizedAccessException">
    /// The folder may not be used, or others than its owner may use it; the message says what helps.
    /// </exception>
    /// <exception cref="IOException">The folder or the socket cannot be made.</exception>
    /// <exception cref="ArgumentException">The folder's name is too long for a socket.</exception>
    public static UserTcpDiagnosticsEndpoint Start(
        UserTcpStack stack, UserTcpDiagnosticsEndpointOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(stack);
        options ??= new UserTcpDiagnosticsEndpointOptions();
        string folder = Path.GetFullPath(options.Folder ?? DiagnosticsFolder.Candidates().FirstOrDefault()
            ?? throw new IOException(
                "This user has no home for the diagnostics socket: set UserTcpDiagnosticsEndpointOptions.Folder."));
        string path = Path.Combine(
            folder, $"{Environment.ProcessId}-{Interlocked.Increment(ref s_lastNumber)}{DiagnosticsFolder.Extension}");
        CheckLength(path);
        DiagnosticsFolder.Prepare(folder);
        LimitedLogger logger = LimitedLogger.Create(
            stack.Settings.LoggerFactory, LogMessages.StackCategory, stack.Settings.TimeProvider);
        return new UserTcpDiagnosticsEndpoint(
            DiagnosticsServer.Start(path, () => LinesOf(stack), logger, options.TimeProvider), path);
    }

    /// <summary>Stops answering and removes the socket. Idempotent.</summary>
    /// <returns>Completed when no client is served any more.</returns>
    public ValueTask DisposeAsync() => _server.DisposeAsync();

    private static IEnumerable<DiagnosticsLine> LinesOf(UserTcpStack stack)
    {
        RunningStack? running = stack.Running;
        yield return new DiagnosticsLine { Stack = StackLineOf(stack, running) };
        int count = 0;
        if (running is not null)
        {
            foreach (ListenerLine listener in StackDescription.Listeners(running))
            {
                count++;
                yield return new DiagnosticsLine { Listener = listener };
            }

            foreach (ConnectionLine connection in StackDescription.Connections(running))
            {
                count++;
                yield return new DiagnosticsLine { Connection = connection };
            }
        }

        yield return new DiagnosticsLine { End = count };
    }

    private static StackLine StackLineOf(UserTcpStack stack, RunningStack? running)
    {
        int connections = 0, halfOpen = 0, timeWait = 0;
        foreach (RunningShard shard in running?.Shards ?? [])
        {
            (int, int, int) counts = shard.Look(
                static (core, _) => (core.ConnectionCount, core.HalfOpenCount, core.TimeWaitCount));
            connections += counts.Item1;
            halfOpen += counts.Item2;
            timeWait += counts.Item3;
        }

        return new StackLine
        {
            Version = DiagnosticsProtocol.Version,
            ProcessId = Environment.ProcessId,
            Process = Path.GetFileNameWithoutExtension(Environment.ProcessPath) ?? "",
            Name = running?.Name ?? stack.Settings.Name,
            State = stack.State.ToString(),
            Addresses = [.. stack.Addresses.Select(address => address.ToString())],
            Connections = connections,
            HalfOpen = halfOpen,
            TimeWait = timeWait,
        };
    }

    private static void CheckLength(string path)
    {
        try
        {
            _ = new UnixDomainSocketEndPoint(path + "~"); // the name that it has until it listens
        }
        catch (ArgumentOutOfRangeException error)
        {
            throw new ArgumentException(
                $"'{path}' is too long for the name of a socket (some 100 bytes): set "
                + $"{nameof(UserTcpDiagnosticsEndpointOptions)}.{nameof(UserTcpDiagnosticsEndpointOptions.Folder)}.",
                nameof(path), error);
        }
    }
}

/// <summary>How <see cref="UserTcpDiagnosticsEndpoint.Start"/> makes an endpoint. Not thread-safe.</summary>
public sealed class UserTcpDiagnosticsEndpointOptions
{
    /// <summary>
    /// The folder for the socket. It is made with mode 0700 if it is not there, and refused if others than its owner
    /// may use it. Null, the default: <c>usertcp</c> in <c>$XDG_RUNTIME_DIR</c>, or without that in the user's local
    /// application data (<c>~/.local/share</c>), where <c>usertcp ss</c> looks by itself.
    /// </summary>
    public string? Folder { get; set; }

    /// <summary>The clock of the limits for clients.</summary>
    internal TimeProvider TimeProvider { get; set; } = TimeProvider.System;
}
