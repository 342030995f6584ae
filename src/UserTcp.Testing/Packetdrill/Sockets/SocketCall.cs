using UserTcp.Primitives;

namespace UserTcp.Testing.Packetdrill.Sockets;

/// <summary>A system call: finished, or waiting for what it needs.</summary>
internal sealed class SocketCall
{
    private Func<SocketCall?>? _retry;

    /// <summary>Whether it would sleep, were it a process.</summary>
    public bool IsPending => _retry is not null;

    public long Result { get; private set; }

    /// <summary>The name of the error if the result is −1.</summary>
    public string? Error { get; private set; }

    /// <summary>What it wrote through its arguments and should not have; null if all is as expected.</summary>
    public string? Mismatch { get; private set; }

    /// <summary>When it has waited long enough.</summary>
    public Instant End { get; private init; } = Instant.Never;

    /// <summary>Looks at what else it wrote, once it has returned; answers what should not be so.</summary>
    public Func<string?>? Check { get; init; }

    public static SocketCall Done(long result) => new() { Result = result };

    public static SocketCall Fail(string error) => new() { Result = -1, Error = error };

    public static SocketCall Wrong(string mismatch) => new() { Mismatch = mismatch };

    /// <summary>Waits: the function is asked again after everything that happens, and answers when it can.</summary>
    public static SocketCall Wait(Func<SocketCall?> retry) => Wait(retry, Instant.Never);

    /// <summary>The same, and at an instant it answers whatever has happened.</summary>
    public static SocketCall Wait(Func<SocketCall?> retry, Instant end) => new() { _retry = retry, End = end };

    /// <summary>Looks whether what it waits for is there.</summary>
    public void Poll()
    {
        if (_retry?.Invoke() is not { } done)
            return;

        _retry = null;
        Result = done.Result;
        Error = done.Error;
        Mismatch = done.Mismatch;
    }

    /// <summary>The same call, whose other results are looked at when it has returned.</summary>
    public SocketCall Checked(Func<string?> check) => new()
    {
        _retry = _retry, End = End, Result = Result, Error = Error, Mismatch = Mismatch, Check = check,
    };

    public override string ToString() => IsPending ? "pending" : Error is null ? $"{Result}" : $"{Result} {Error}";
}
