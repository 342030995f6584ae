using UserTcp.Wire;

namespace UserTcp.Links;

// Several sockets, among which the system divides what arrives (PACKET_FANOUT_CBPF).
public sealed partial class PacketSocketLink
{
    /// <summary>A socket for each queue; one, if the system cannot divide what arrives.</summary>
    /// <inheritdoc/>
    public override IReadOnlyList<LinkDevice> OpenQueues(int count)
    {
        ThrowIfNoQueueCount(count);
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        if (_first != this)
            return [this];

        // Until it is told which flow goes where, the first socket has all.
        if (_group != 0)
            _socket.Divide(PacketFilter.Zero);
        if (count > _queues.Length)
            OpenMore(count - _queues.Length);
        return _queues[..Math.Min(count, _queues.Length)];
    }

    internal override void Steer(in Steering steering)
    {
        if (_group != 0)
            _socket.Divide(SteeringFilter.Compile(steering));
    }

    /// <summary>Opens so many sockets more, all or none of them.</summary>
    private void OpenMore(int count)
    {
        var added = new List<PacketSocketLink>(count);
        try
        {
            bool isDone = SocketNamespace.TryRun(_socket.Descriptor, () =>
            {
                while (added.Count < count)
                    added.Add(new PacketSocketLink(this, _socket.OpenAnother(_options, PacketFilter.Zero)));
            });
            if (isDone && TryGroup(added))
            {
                added.ForEach(queue => queue._socket.SetFilter(PacketFilter.Compile(null)));
                _queues = [.. _queues, .. added];
                return;
            }
        }
        catch
        {
            CloseAll(added);
            throw;
        }

        CloseAll(added);
    }

    // A socket outside of the group would get every frame once more: none hears anything before all have joined.
    // Their order is their numbers, and the system keeps it while the interface is switched off and on.
    private bool TryGroup(List<PacketSocketLink> added) =>
        (_group != 0 || _socket.TryJoin(ref _group)) && added.TrueForAll(queue => queue._socket.TryJoin(ref _group));

    private static void CloseAll(List<PacketSocketLink> queues)
    {
        for (int i = queues.Count - 1; i >= 0; i--)
            queues[i].Close();
    }
}
