using UserTcp.Links;
using UserTcp.Primitives;
using UserTcp.Stack;

namespace UserTcp.Runtime;

/// <summary>
/// Shows the frames that the loop received to taps and to observers of their connections, and notices frames that the
/// link has lost.
/// </summary>
internal sealed class FrameWatch(TapQueue taps, LinkWatch losses)
{
    private int _observers;

    /// <summary>Whether anybody does; where nobody does, a frame costs this question.</summary>
    public bool IsActive => taps.IsActive || Volatile.Read(ref _observers) > 0;

    /// <summary>Under the door, when the frames of a turn have been handled.</summary>
    public void OnTurn(in Door.Visit visit, Instant arrival) => losses.OnTurn(visit, arrival);

    public void OnObserverAdded() => Interlocked.Increment(ref _observers);

    public void OnObserverRemoved() => Interlocked.Decrement(ref _observers);

    /// <summary>Under the door, when the stack has handled the frame.</summary>
    public void OnFrame(RxFrame frame, in FrameOutcome outcome, Instant arrival, Door.Visit visit)
    {
        var connection = outcome.Connection?.Owner as RunningConnection;
        if (taps.IsActive)
            taps.OnReceived(frame, arrival, outcome.Drop, connection?.Id ?? 0);
        connection?.OnSegment(visit);
    }
}
