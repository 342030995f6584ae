using System.Net.Sockets;
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

/// <summary>Asking other hosts whether they hear us (RFC 792).</summary>
internal sealed partial class RunningStack
{
    private readonly Dictionary<uint, PingWait> _pings = [];
    private uint _lastPing;

    public async ValueTask<PingResult> PingAsync(
        HostAddress destination, int payloadBytes, TimeSpan timeout, byte timeToLive,
        CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        PingWait wait = BeginPing(destination, payloadBytes, timeToLive);
        try
        {
            PingResult? result = await wait.Task
                .WaitAsync(timeout, TimeProvider, Deferred(cancellationToken)).ConfigureAwait(false);
            return result ?? throw new SocketException(
                (int)SocketError.OperationAborted, "The stack ended while it waited for an answer.");
        }
        catch (TimeoutException)
        {
            return new PingResult(
                PingOutcome.TimedOut, wait.Key, TimeSpan.Zero, default(EchoAnswer) with { From = destination });
        }
        finally
        {
            using Door.Visit visit = Door.Enter();
            _pings.Remove(wait.Key);
        }
    }

    private PingWait BeginPing(HostAddress destination, int payloadBytes, byte timeToLive)
    {
        byte[] payload = new byte[payloadBytes];
        for (int i = 0; i < payload.Length; i++)
        {
            payload[i] = (byte)i;
        }

        using Door.Visit visit = Door.Enter();
        ThrowIfOver(visit);
        uint key = NextPingKey();
        CallResult result = visit.Shard.Ping(
            WayTo(destination), (ushort)(key >> 16), (ushort)key, payload, timeToLive, visit.Now);
        if (result != CallResult.Done)
            throw ConnectErrors.ForConnect(result, destination, 0, _settings.ConnectionDefaults);

        var wait = new PingWait(key, visit.Now, Completions);
        _pings.Add(key, wait);
        return wait;
    }

    // Identifier and sequence number as one number that counts, from a start that others do not know.
    private uint NextPingKey()
    {
        if (_lastPing == 0)
            _lastPing = (uint)Config.Secret.Hash(0);
        do
        {
            _lastPing++;
        }
        while (_lastPing == 0 || _pings.ContainsKey(_lastPing));
        return _lastPing;
    }

    private void OnEcho(in EchoAnswer echo, bool isReply, WakeList wakes)
    {
        if (!_pings.TryGetValue((uint)echo.Identifier << 16 | echo.Sequence, out PingWait? wait))
            return;

        PingOutcome outcome = isReply ? PingOutcome.Answered : PingOutcome.Unreachable;
        wait.OnResult(new PingResult(outcome, wait.Key, echo.Arrival - wait.Sent, echo));
        wakes.Add(wait, WakeReasons.Decided);
    }

    private void OnPingsEnd(WakeList wakes)
    {
        foreach (PingWait wait in _pings.Values)
        {
            wakes.Add(wait, WakeReasons.Decided);
        }

        _pings.Clear();
    }

    private sealed class PingWait(uint key, Instant sent, TaskCreationOptions completions) : IWakeTarget
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
}
