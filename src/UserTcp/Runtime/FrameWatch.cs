using UserTcp.Links;
using UserTcp.Primitives;
using UserTcp.Stack;

namespace UserTcp.Runtime;

/// <summary>
/// Shows the frames that a shard handled to taps and to observers of their connections, and notices frames that the
/// link has lost.
/// </summary>
internal sealed class FrameWatch(TapQueue taps, LinkWatch losses)
{
    private static readonly TimeSpan s_period = TimeSpan.FromSeconds(1);

    private Instant _nextLook;
    private int _observers;

    /// <summary>Whether anybody does; where nobody does, a frame costs this question.</summary>
    public bool IsActive => taps.IsActive || Volatile.Read(ref _observers) > 0;

    /// <summary>Under the door, when the frames of a turn have been handled. It looks once a second of turns.</summary>
    public void OnTurn(in Door.Visit visit, Instant arrival)
    {
        if (arrival < _nextLook)
            return;

        _nextLook = arrival + s_period;
        losses.Look(visit.Shard.Counters, visit.Wakes);
    }

    public void OnObserverAdded() => Interlocked.Increment(ref _observers);

    public void OnObserverRemoved() => Interlocked.Decrement(ref _observers);

    /// <summary>Under the door, when the stack has handled the frame.</summary>
    public void OnFrame(RxFrame frame, in FrameOutcome outcome, Instant arrival, Door.Visit visit)
    {
        if (outcome.IsHandedOver)
            return;

        var connection = outcome.Connection?.Owner as RunningConnection;
        if (taps.IsActive)
            taps.OnReceived(frame, arrival, outcome.Drop, connection?.Id ?? 0);
        connection?.OnSegment(visit);
    }

    /// <summary>Under the door, when the stack has handled what another shard got.</summary>
    public void OnHandOver(in HandOver handOver, in FrameOutcome outcome, Door.Visit visit)
    {
        // Packets and ARP were shown as the frames in which they arrived.
        if (handOver.Kind == HandOverKind.Frame)
            OnFrame(new RxFrame(handOver.Bytes, handOver.Offload), outcome, handOver.Arrival, visit);
        else
            (outcome.Connection?.Owner as RunningConnection)?.OnSegment(visit);
    }
}
