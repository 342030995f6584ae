using UserTcp.Wire;

namespace UserTcp.Links;

/// <summary>
/// One end of a <see cref="VirtualLink"/>: its queues, and which of them each flow goes to. The owner of the end
/// changes it, the other end reads it at any time.
/// </summary>
internal sealed class VirtualEnd
{
    private readonly VirtualLinkOptions _options;
    private readonly List<VirtualLink> _opened = []; // as many as ever were, by their numbers
    private VirtualEnd? _peer;
    private long _transmitDropped;
    private volatile Target _target;
    private volatile bool _isDisposed;

    private VirtualEnd(VirtualLinkOptions options, string name)
    {
        _options = options;
        Info = new LinkInfo
        {
            Name = $"virtual:{options.Name}.{name}",
            Mtu = options.Mtu,
            Medium = options.Medium,
            Features = options.Features,
            MaxReceiveFrame = options.MaxFrameBytes,
        };
        _opened.Add(new VirtualLink(this, options, 0));
        _target = new Target([_opened[0]], default);
    }

    public LinkInfo Info { get; }

    public VirtualEnd Peer => _peer!;

    public VirtualLink First => _opened[0];

    /// <summary>The queues in use, by their numbers, and the formula.</summary>
    public Target Queues => _target;

    /// <summary>Whether more than one thread may add to a ring of the peer. Never false again.</summary>
    public bool HasManySenders => _opened.Count > 1;

    public bool IsDisposed => _isDisposed;

    /// <summary>Whether no frame waits in any of the queues. Exact once the peer is closed.</summary>
    public bool IsDrained => Array.TrueForAll(_target.Queues, queue => queue.IsDrained);

    public long TransmitDropped => Volatile.Read(ref _transmitDropped);

    public static (VirtualEnd First, VirtualEnd Second) CreatePair(VirtualLinkOptions options)
    {
        var first = new VirtualEnd(options, "a");
        var second = new VirtualEnd(options, "b") { _peer = first };
        first._peer = second;
        return (first, second);
    }

    /// <summary>The first queues; those that are missing are made. All frames go to the first until it is told.</summary>
    public VirtualLink[] Open(int count)
    {
        while (_opened.Count < count)
            _opened.Add(new VirtualLink(this, _options, _opened.Count));
        VirtualLink[] queues = [.. _opened[..count]];
        _target = new Target(queues, default);
        return queues;
    }

    public void Steer(in Steering steering) => _target = new Target(_target.Queues, steering);

    public void NoteDropped(int count) => Interlocked.Add(ref _transmitDropped, count);

    /// <summary>Closes all queues; false if they are closed.</summary>
    public bool TryDispose()
    {
        if (_isDisposed)
            return false;

        _isDisposed = true;
        return true;
    }

    /// <summary>Where the peer's frames go. Immutable.</summary>
    /// <param name="Queues">The queues, by their numbers.</param>
    /// <param name="Steering">The formula; of no shards if it is not known.</param>
    internal sealed record Target(VirtualLink[] Queues, Steering Steering)
    {
        /// <summary>The queue that a frame goes to: the first one if nothing else is known.</summary>
        public VirtualLink For(in TxFrame frame, int linkHeader)
        {
            if (Queues.Length == 1)
                return Queues[0];

            int number = Steering.ShardOf(frame, linkHeader);
            return Queues[number < Queues.Length ? number : 0];
        }
    }
}
