using UserTcp.Primitives;
using UserTcp.Stack;

namespace UserTcp.Runtime;

/// <summary>What became of an echo request.</summary>
internal enum PingOutcome : byte
{
    Answered,
    TimedOut,
    Unreachable,
}

/// <summary>An echo request's end.</summary>
/// <param name="Outcome">How it ended.</param>
/// <param name="Key">Identifier and sequence number of the messages, as one number.</param>
/// <param name="RoundTrip">Between the request and the answer.</param>
/// <param name="Answer">The answer; its sender alone where none came.</param>
internal readonly record struct PingResult(PingOutcome Outcome, uint Key, TimeSpan RoundTrip, EchoAnswer Answer);

/// <summary>The echo requests that wait for an answer (RFC 792). All of it under the door.</summary>
/// <param name="start">The number before the first; others do not know it.</param>
internal sealed class Pings(uint start)
{
    private readonly Dictionary<uint, PingWait> _waits = [];
    private uint _last = start;

    /// <summary>Identifier and sequence number of the next request, as one number that counts.</summary>
    public uint NextKey()
    {
        do
        {
            _last++;
        }
        while (_last == 0 || _waits.ContainsKey(_last));
        return _last;
    }

    /// <summary>A request was sent.</summary>
    public PingWait Add(uint key, Instant now, TaskCreationOptions completions)
    {
        var wait = new PingWait(key, now, completions);
        _waits.Add(key, wait);
        return wait;
    }

    public void Remove(PingWait wait) => _waits.Remove(wait.Key);

    public void OnEcho(in EchoAnswer echo, bool isReply, WakeList wakes)
    {
        if (!_waits.TryGetValue((uint)echo.Identifier << 16 | echo.Sequence, out PingWait? wait))
            return;

        PingOutcome outcome = isReply ? PingOutcome.Answered : PingOutcome.Unreachable;
        wait.OnResult(new PingResult(outcome, wait.Key, echo.Arrival - wait.Sent, echo));
        wakes.Add(wait, WakeReasons.Decided);
    }

    /// <summary>The stack ends: nobody answers any more.</summary>
    public void OnEnd(WakeList wakes)
    {
        foreach (PingWait wait in _waits.Values)
        {
            wakes.Add(wait, WakeReasons.Decided);
        }

        _waits.Clear();
    }
}

/// <summary>One that waits for the answer to its request.</summary>
internal sealed class PingWait(uint key, Instant sent, TaskCreationOptions completions) : IWakeTarget
{
    private readonly TaskCompletionSource<PingResult?> _source = new(completions);
    private PingResult? _result;

    public uint Key => key;

    public Instant Sent => sent;

    /// <summary>Null if the stack ended before an answer came.</summary>
    public Task<PingResult?> Task => _source.Task;

    public void OnResult(PingResult result) => _result ??= result;

    public void Wake(WakeReasons reasons, bool inlineAllowed) => _source.TrySetResult(_result);
}
