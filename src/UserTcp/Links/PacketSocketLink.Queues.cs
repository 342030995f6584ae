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
        if (_group is not null)
            _socket.Divide(PacketFilter.Zero);
        CloseFrom(count);
        if (count > _queues.Length)
            OpenMore(count - _queues.Length);
        return [.. _queues];
    }

    internal override void Steer(in Steering steering)
    {
        if (_group is not null)
            _socket.Divide(SteeringFilter.Compile(steering));
    }

    /// <summary>Opens so many sockets more, all or none of them.</summary>
    private void OpenMore(int count)
    {
        PacketSocketLink[] before = _queues;
        bool isDone = false;
        try
        {
            isDone = SocketNamespace.TryRun(_socket.Descriptor, () => AddSockets(count)) && TryGroup(before.Length);
            for (int i = before.Length; i < _queues.Length && isDone; i++)
                _queues[i]._socket.SetFilter(PacketFilter.Compile(null));
        }
        finally
        {
            if (!isDone)
                CloseFrom(before.Length);
        }
    }

    // A socket outside of the group would get every frame once more: none hears anything before all have joined.
    private void AddSockets(int count)
    {
        for (int i = 0; i < count; i++)
        {
            PacketHandle socket = _socket.OpenAnother(_options, PacketFilter.Zero);
            _queues = [.. _queues, new PacketSocketLink(this, socket)];
        }
    }

    // The order is the numbers in the group, and the system keeps it while the interface is switched off and on.
    private bool TryGroup(int from)
    {
        if (_group is null && !_socket.TryJoin(ref _group))
            return false;

        return Array.TrueForAll(_queues[from..], queue => queue._socket.TryJoin(ref _group));
    }

    // The last one first: the last socket of a group gets the number of one that leaves.
    private void CloseFrom(int first)
    {
        PacketSocketLink[] queues = _queues;
        for (int i = queues.Length - 1; i >= first; i--)
            queues[i].Close();
        if (first > 0 && first < queues.Length)
            _queues = queues[..first];
    }
}
