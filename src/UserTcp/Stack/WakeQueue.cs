using UserTcp.Ip;
using UserTcp.Primitives;
using UserTcp.Tcp;

namespace UserTcp.Stack;

/// <summary>
/// The wake-ups that Runtime has not taken yet, in order. A connection, listener or request is in it once; what
/// happened to it meanwhile is read when it is taken.
/// </summary>
internal sealed class WakeQueue
{
    /// <summary>Answers to echo requests that nobody took; more are dropped, as a network would.</summary>
    private const int MaxEchoes = 1024;

    private readonly Queue<Wakeup> _queue = new();
    private readonly LimitNotices _notices = new();
    private int _echoes;

    public void Add(StackConnection connection)
    {
        if (connection.IsWakeQueued)
            return;
        connection.IsWakeQueued = true;
        _queue.Enqueue(new Wakeup(WakeupKind.Connection, connection));
    }

    public void Add(StackListener listener)
    {
        if (listener.IsWakeQueued)
            return;
        listener.IsWakeQueued = true;
        _queue.Enqueue(new Wakeup(WakeupKind.Listener, listener));
    }

    public void Add(StackRequest request)
    {
        if (request.IsWakeQueued)
            return;
        request.IsWakeQueued = true;
        _queue.Enqueue(new Wakeup(WakeupKind.Request, request));
    }

    public void Add(WakeupKind kind, in EchoAnswer echo)
    {
        if (_echoes == MaxEchoes)
            return;
        _echoes++;
        _queue.Enqueue(new Wakeup(kind, echo));
    }

    public void Add(WakeupKind kind, HostAddress address, MacAddress mac) =>
        _queue.Enqueue(new Wakeup(kind, address, mac));

    public void Add(in AddressConflict conflict) => _queue.Enqueue(new Wakeup(conflict));

    public void Add(in NeighborChange change, TimeSpan elapsed) => _queue.Enqueue(new Wakeup(change, elapsed));

    /// <summary>Counts that a limit was reached; Runtime is told now and then.</summary>
    public void Add(StackLimit limit, Instant now)
    {
        if (_notices.TryNote(limit, now, out long count))
            _queue.Enqueue(new Wakeup(limit, count));
    }

    public bool TryTake(out Wakeup wakeup)
    {
        if (!_queue.TryDequeue(out wakeup))
            return false;

        switch (wakeup.Kind)
        {
            case WakeupKind.Connection:
                StackConnection connection = wakeup.Connection;
                wakeup = new Wakeup(WakeupKind.Connection, connection, connection.UnreportedEffects);
                connection.UnreportedEffects = Effects.None;
                connection.IsWakeQueued = false;
                break;
            case WakeupKind.Listener:
                wakeup.Listener.IsWakeQueued = false;
                break;
            case WakeupKind.Request:
                wakeup.Request.IsWakeQueued = false;
                break;
            case WakeupKind.EchoReply or WakeupKind.EchoUnreachable:
                _echoes--;
                break;
        }

        return true;
    }
}
