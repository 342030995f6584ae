using UserTcp.Links;
using UserTcp.Wire;

namespace UserTcp.Testing.Network;

/// <summary>How well a simulated card keeps to what it is told of queues and flows. All are allowed.</summary>
internal enum PortSteering
{
    /// <summary>Each frame arrives at the queue that wants it.</summary>
    Exact,

    /// <summary>Frames of a flow arrive at one queue, and it is the wrong one for most of them.</summary>
    Shifted,

    /// <summary>All frames arrive at the first queue.</summary>
    None,
}

/// <summary>
/// The card that a stack of a simulated host sends through. It may have several queues; the simulator uses all of them
/// in turn.
/// </summary>
internal sealed class PortDevice(Station station, int mtu, FramePool pool, Queue<Frame> inbox) : LinkDevice
{
    // With one queue, the frames stay where they arrive.
    private Queue<Frame>[] _sorted = [inbox];
    private Steering _formula;

    public PortSteering Habit { get; init; }

    /// <summary>Whether a frame waits in any of the queues.</summary>
    public bool HasFrames => inbox.Count > 0 || Array.Exists(_sorted, queue => queue.Count > 0);

    public override LinkInfo Info { get; } = new()
    {
        Name = $"simulated:{station.Name}",
        Mtu = mtu,
        MacAddress = station.Mac,
        MaxReceiveFrame = mtu + EthernetHeader.Size,
    };

    public override IReadOnlyList<LinkDevice> OpenQueues(int count)
    {
        _sorted = count == 1 ? [inbox] : [.. Enumerable.Range(0, count).Select(_ => new Queue<Frame>())];
        return [this, .. Enumerable.Range(1, count - 1).Select(number => new PortQueue(this, number))];
    }

    internal override void Steer(in Steering steering) => _formula = steering;

    public override int Receive(RxBatch batch) => Receive(0, batch);

    public override int Transmit(ReadOnlySpan<TxFrame> frames)
    {
        foreach (ref readonly TxFrame sent in frames)
        {
            Frame frame = pool.Rent(sent.Length);
            sent.CopyTo(frame.Bytes);
            station.Link.Send(frame);
        }

        return frames.Length;
    }

    // The simulator looks by itself whether there is something to do.
    public override bool Wait(TimeSpan timeout) => false;

    public override void Wake()
    {
    }

    public override void Dispose()
    {
    }

    private int Receive(int number, RxBatch batch)
    {
        if (_sorted.Length > 1)
            Sort();

        int count = 0;
        while (!batch.IsFull && _sorted[number].TryDequeue(out Frame? frame))
        {
            batch.Add(frame.Bytes);
            frame.Return();
            count++;
        }

        return count;
    }

    private void Sort()
    {
        while (inbox.TryDequeue(out Frame? frame))
            _sorted[QueueOf(frame)].Enqueue(frame);
    }

    private int QueueOf(Frame frame)
    {
        int wanted = Habit == PortSteering.None || frame.Length < EthernetHeader.Size
            ? 0
            : _formula.ShardOf(frame.Bytes[EthernetHeader.Size..]);
        return (Habit == PortSteering.Shifted ? wanted + 1 : wanted) % _sorted.Length;
    }

    /// <summary>A queue beside the first one.</summary>
    private sealed class PortQueue(PortDevice first, int number) : LinkDevice
    {
        public override LinkInfo Info => first.Info;

        public override int Receive(RxBatch batch) => first.Receive(number, batch);

        public override int Transmit(ReadOnlySpan<TxFrame> frames) => first.Transmit(frames);

        public override bool Wait(TimeSpan timeout) => false;

        public override void Wake()
        {
        }

        public override void Dispose()
        {
        }
    }
}
