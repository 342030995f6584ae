using UserTcp.Links;

namespace UserTcp.Tests.Links;

/// <summary>
/// A device that records what it sends, takes as much as the script says, and receives what a test puts in.
/// </summary>
internal sealed class ScriptedDevice(LinkFeatures features, LinkMedium medium = LinkMedium.Ethernet) : LinkDevice
{
    private readonly Queue<(byte[] Bytes, FrameOffload Offload)> _incoming = [];

    /// <summary>How many frames the next calls of <see cref="Transmit"/> take; everything once it is empty.</summary>
    public Queue<int> Takes { get; } = [];

    public List<(byte[] Bytes, FrameOffload Offload)> Sent { get; } = [];

    public int Calls { get; private set; }

    public bool IsDisposed { get; private set; }

    public MacAddress? Wanted { get; private set; }

    public Action? BeforeTransmit { get; set; }

    public override LinkInfo Info { get; } =
        new() { Name = "scripted:x", Mtu = 1500, Features = features, Medium = medium };

    public override LinkStatistics Statistics => new() { ReceiveDropped = 3, TransmitDropped = 4 };

    public void Arrives(byte[] frame, FrameOffload offload = default) => _incoming.Enqueue((frame, offload));

    public override void SetReceiveAddress(MacAddress address) => Wanted = address;

    public override int Receive(RxBatch batch)
    {
        int count = 0;
        while (_incoming.Count > 0 && batch.Add(_incoming.Peek().Bytes, _incoming.Peek().Offload))
        {
            _incoming.Dequeue();
            count++;
        }

        return count;
    }

    public override int Transmit(ReadOnlySpan<TxFrame> frames)
    {
        BeforeTransmit?.Invoke();
        Calls++;
        int taken = Math.Min(frames.Length, Takes.TryDequeue(out int limit) ? limit : frames.Length);
        foreach (ref readonly TxFrame frame in frames[..taken])
        {
            var bytes = new byte[frame.Length];
            frame.CopyTo(bytes);
            Sent.Add((bytes, frame.Offload));
        }

        return taken;
    }

    public override bool Wait(TimeSpan timeout) => _incoming.Count > 0;

    public override void Wake()
    {
    }

    public override void Dispose() => IsDisposed = true;
}
