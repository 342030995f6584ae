using UserTcp.Primitives;

namespace UserTcp.Testing.Network;

/// <summary>
/// The frames that are on one direction of a link in their order: only the first of them is in the network's queue of
/// events.
/// </summary>
internal sealed class Transit(SimulatedNetwork network, LinkDirection way) : IOccurrence
{
    private readonly Queue<(Frame Frame, Instant Due)> _frames = new();

    public void Add(Frame frame, Instant due)
    {
        if (_frames.Count == 0 && due <= network.Time)
        {
            way.Arrive(frame);
            return;
        }

        _frames.Enqueue((frame, due));
        if (_frames.Count == 1)
            network.Events.Add(due, this);
    }

    public void Occur(Instant now)
    {
        while (_frames.TryPeek(out (Frame Frame, Instant Due) first) && first.Due <= now)
        {
            _frames.Dequeue();
            way.Arrive(first.Frame);
        }

        if (_frames.TryPeek(out (Frame, Instant Due) next))
            network.Events.Add(next.Due, this);
    }
}
