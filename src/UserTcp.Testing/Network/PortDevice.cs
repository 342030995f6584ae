using UserTcp.Links;

namespace UserTcp.Testing.Network;

/// <summary>What a stack of a simulated host sends through.</summary>
internal sealed class PortDevice(Station station, int mtu, FramePool pool, Queue<Frame> inbox) : LinkDevice
{
    public override LinkInfo Info { get; } = new()
    {
        Name = $"simulated:{station.Name}",
        Mtu = mtu,
        MacAddress = station.Mac,
        MaxReceiveFrame = mtu + 14,
    };

    public override int Receive(RxBatch batch)
    {
        int count = 0;
        while (!batch.IsFull && inbox.TryDequeue(out Frame? frame))
        {
            batch.Add(frame.Bytes);
            frame.Return();
            count++;
        }

        return count;
    }

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
}
