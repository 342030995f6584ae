using UserTcp.Links;
using UserTcp.Primitives;
using UserTcp.Tcp;

namespace UserTcp.Stack;

/// <summary>What an active OPEN asks for (RFC 9293 §3.9.1.1).</summary>
internal readonly record struct ConnectCall
{
    public HostAddress Remote { get; init; }

    public ushort RemotePort { get; init; }

    /// <summary>Null: chosen by the route.</summary>
    public HostAddress? Local { get; init; }

    /// <summary>0: an ephemeral port.</summary>
    public ushort LocalPort { get; init; }

    public TcpConfig Config { get; init; }
}

/// <summary>
/// The stack without clock, threads or devices: frames, calls and time come in, frames and wake-ups go out. All members
/// only under the door. <see cref="PullFrames"/> returning 0 ends a turn's output; if <see cref="HasPendingOutput"/> is
/// still true, another turn is due at once (or once the device takes frames again).
/// </summary>
internal sealed partial class StackCore : IDisposable
{
    public StackCore(StackConfig config, Instant now) => throw new NotImplementedException();

    public StackConfig Config => throw new NotImplementedException();

    public StackCounters Counters => throw new NotImplementedException();

    /// <summary>Connections in the flow table, orphans included, TIME-WAIT entries not.</summary>
    public int ConnectionCount => throw new NotImplementedException();

    public int TimeWaitCount => throw new NotImplementedException();

    public int HalfOpenCount => throw new NotImplementedException();

    // In.

    public void OnFrame(RxFrame frame, Instant arrival) => throw new NotImplementedException();

    /// <summary>The earliest of all timers; waking earlier does no harm.</summary>
    public Instant NextDeadline => throw new NotImplementedException();

    public void OnDeadline(Instant now) => throw new NotImplementedException();

    /// <summary>Starts an active OPEN. Its end comes as a wake-up: Connected, or Closed and the Tcb's CloseReason.</summary>
    public CallResult Connect(in ConnectCall call, Instant now, out StackConnection? connection) =>
        throw new NotImplementedException();

    /// <summary>
    /// Gives a connection (new from Connect, TryAccept or an established request) its owner, and wakes it for everything
    /// that happened before.
    /// </summary>
    public void Adopt(StackConnection connection, object owner) => throw new NotImplementedException();

    /// <summary>A forgotten connection ignores it.</summary>
    public void OnUserCall(StackConnection connection, in UserCall call, Instant now) =>
        throw new NotImplementedException();

    public CallResult Listen(in ListenCall call, out StackListener? listener) => throw new NotImplementedException();

    /// <summary>Takes the oldest connection that nobody accepted; then <see cref="Adopt"/> it.</summary>
    public bool TryAccept(StackListener listener, out StackConnection? connection) =>
        throw new NotImplementedException();

    /// <summary>Half-open connections and those not accepted are reset, pending requests cancelled. Idempotent.</summary>
    public void CloseListener(StackListener listener, Instant now) => throw new NotImplementedException();

    /// <summary>Sends the SYN-ACK. False if the request is no longer pending.</summary>
    public bool AcceptRequest(StackRequest request, TcpConfig config, Instant now) => throw new NotImplementedException();

    /// <summary>Answers RST, ICMP or nothing. False if the request is no longer pending.</summary>
    public bool RejectRequest(StackRequest request, RejectReason reason, Instant now) =>
        throw new NotImplementedException();

    /// <summary>Sends an echo request. The answer comes as a wake-up; timing out is the caller's.</summary>
    public CallResult Ping(
        HostAddress destination, ushort identifier, ushort sequence, ReadOnlySpan<byte> payload, byte timeToLive,
        Instant now) => throw new NotImplementedException();

    public void OnMtuChanged(int mtu, Instant now) => throw new NotImplementedException();

    /// <summary>Ends every connection with StackStopped (RSTs are pulled as usual) and closes every listener.</summary>
    public void Stop(Instant now) => throw new NotImplementedException();

    /// <summary>The device is gone: every connection ends with LinkDown and nothing is sent any more.</summary>
    public void OnLinkDown(Instant now) => throw new NotImplementedException();

    // Out.

    /// <summary>
    /// Builds frames in the stack's own header blocks, valid until <see cref="FramesAccepted"/>, which must follow before
    /// anything else is called if the result is not 0.
    /// </summary>
    public int PullFrames(Span<TxFrame> frames, Instant now) => throw new NotImplementedException();

    /// <summary>The device took the first <paramref name="count"/>; the rest stays as plans.</summary>
    public void FramesAccepted(int count, Instant now) => throw new NotImplementedException();

    public bool HasPendingOutput => throw new NotImplementedException();

    public bool TryNextWakeup(out Wakeup wakeup) => throw new NotImplementedException();

    /// <summary>Connections that are not forgotten, in no order.</summary>
    public void CopyConnectionsTo(List<StackConnection> connections) => throw new NotImplementedException();

    /// <summary>Frees the header blocks.</summary>
    public void Dispose() => throw new NotImplementedException();
}
