using UserTcp.Links;

namespace UserTcp.Fuzz.Machine;

/// <summary>Hears of what the stack sends.</summary>
internal interface IFrameSink
{
    void OnSent(ReadOnlySpan<byte> frame, FrameOffload offload);
}

/// <summary>The device under the stack: what was put in is one batch, what comes out is looked at, at once.</summary>
internal sealed class FuzzLink(LinkInfo info, IFrameSink sink) : LinkDevice
{
    /// <summary>As many frames as one batch holds.</summary>
    public const int MaxFrames = RxBatch.DefaultCapacity;

    private const int MaxSentBytes = 70_000;

    [ThreadStatic]
    private static byte[]? t_sent;

    private readonly List<(byte[] Bytes, FrameOffload Offload)> _inbox = [];
    private readonly byte[] _sent = Scratch.Rent(ref t_sent, MaxSentBytes);
    private LinkInfo _info = info;

    public override LinkInfo Info => _info;

    public int Waiting => _inbox.Count;

    /// <summary>How many frames the device still takes.</summary>
    public int Room { get; set; } = int.MaxValue;

    public bool IsGone { get; set; }

    /// <summary>Frames that were queued before the MTU fell are sent as they are.</summary>
    public int LargestMtu { get; private set; } = info.Mtu;

    public void SetMtu(int mtu)
    {
        _info = _info with { Mtu = mtu };
        LargestMtu = Math.Max(LargestMtu, mtu);
    }

    public void Put(ReadOnlySpan<byte> frame, FrameOffload offload = default)
    {
        if (_inbox.Count < MaxFrames)
            _inbox.Add((frame.ToArray(), offload));
    }

    public override int Receive(RxBatch batch)
    {
        if (IsGone)
        {
            _inbox.Clear();
            throw new LinkDownException("The input took the device away.");
        }

        int count = 0;
        foreach ((byte[] bytes, FrameOffload offload) in _inbox)
        {
            count += batch.Add(bytes, offload) ? 1 : 0;
        }

        _inbox.Clear();
        return count;
    }

    public override int Transmit(ReadOnlySpan<TxFrame> frames)
    {
        if (IsGone)
            throw new LinkDownException("The input took the device away.");

        int taken = Math.Min(frames.Length, Room);
        if (Room != int.MaxValue)
            Room -= taken;
        for (int i = 0; i < taken; i++)
        {
            int length = frames[i].CopyTo(_sent);
            sink.OnSent(_sent.AsSpan(0, length), frames[i].Offload);
        }

        return taken;
    }

    public override bool Wait(TimeSpan timeout) => false;

    public override void Wake()
    {
    }

    public override void Dispose()
    {
    }
}
