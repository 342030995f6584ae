using UserTcp.Links;
using UserTcp.Wire;

namespace UserTcp.Tests.Links;

/// <summary>
/// A device with room for few frames, which a test drains. It keeps to the contract of <see cref="LinkDevice"/> and
/// fails if two threads transmit at once.
/// </summary>
internal sealed class CrowdedDevice : LinkDevice
{
    private readonly Lock _lock = new();
    private readonly Queue<byte[]> _waiting = [];
    private readonly Queue<byte[]> _incoming = [];
    private readonly LinkSignal _signal;
    private readonly int _room;
    private int _transmitting;
    private bool _isFull;

    public CrowdedDevice(int room)
    {
        _room = room;
        _signal = new LinkSignal(IsReady);
    }

    public Func<int, CrowdedDevice, IReadOnlyList<LinkDevice>> Queues { get; init; } = static (_, self) => [self];

    public Action? AfterRefusal { get; set; }

    public LinkDownException? Failure { get; set; }

    public MacAddress? Wanted { get; private set; }

    public int SteeredTo { get; private set; }

    public bool IsDisposed { get; private set; }

    public override LinkInfo Info { get; } = new() { Name = "crowded", Mtu = 1500 };

    public override LinkStatistics Statistics => new() { ReceiveDropped = 5 };

    public override IReadOnlyList<LinkDevice> OpenQueues(int count) => Queues(count, this);

    public override void SetReceiveAddress(MacAddress address) => Wanted = address;

    internal override void Steer(in Steering steering) => SteeredTo = steering.Count;

    public void Arrives(byte[] frame)
    {
        lock (_lock)
            _incoming.Enqueue(frame);
        _signal.Notify();
    }

    /// <summary>Takes the frames that wait to leave, at most so many.</summary>
    public List<byte[]> Drain(int most = int.MaxValue)
    {
        var frames = new List<byte[]>();
        lock (_lock)
        {
            while (frames.Count < most && _waiting.TryDequeue(out byte[]? frame))
                frames.Add(frame);
        }

        _signal.Notify();
        return frames;
    }

    public override int Receive(RxBatch batch)
    {
        ObjectDisposedException.ThrowIf(IsDisposed, this);
        if (Failure is not null)
            throw Failure;

        int count = 0;
        lock (_lock)
        {
            while (_incoming.TryDequeue(out byte[]? frame))
            {
                batch.Add(frame);
                count++;
            }
        }

        return count;
    }

    public override int Transmit(ReadOnlySpan<TxFrame> frames)
    {
        ObjectDisposedException.ThrowIf(IsDisposed, this);
        if (Failure is not null)
            throw Failure;

        Assert.Equal(1, Interlocked.Increment(ref _transmitting));
        int accepted = Add(frames);
        if (accepted < frames.Length)
        {
            _signal.Notify();
            AfterRefusal?.Invoke();
        }

        Interlocked.Decrement(ref _transmitting);
        return accepted;
    }

    public override bool Wait(TimeSpan timeout)
    {
        ObjectDisposedException.ThrowIf(IsDisposed, this);
        return _signal.Wait(timeout);
    }

    public override void Wake() => _signal.Wake();

    public override void Dispose()
    {
        IsDisposed = true;
        _signal.Wake();
    }

    private int Add(ReadOnlySpan<TxFrame> frames)
    {
        lock (_lock)
        {
            int accepted = 0;
            for (; accepted < frames.Length && _waiting.Count < _room; accepted++)
            {
                byte[] bytes = new byte[frames[accepted].Length];
                frames[accepted].CopyTo(bytes);
                _waiting.Enqueue(bytes);
            }

            _isFull = accepted < frames.Length;
            return accepted;
        }
    }

    // Ready for as long as it was full and has room, as a socket that is polled.
    private bool IsReady()
    {
        lock (_lock)
            return _incoming.Count > 0 || (_isFull && _waiting.Count < _room);
    }
}
