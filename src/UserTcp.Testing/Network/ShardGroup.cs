using UserTcp.Links;
using UserTcp.Primitives;
using UserTcp.Stack;
using UserTcp.Tcp;
using UserTcp.Wire;

namespace UserTcp.Testing.Network;

/// <summary>A listener in all shards of a host; it owns each of its parts.</summary>
internal sealed class GroupListener(object? owner)
{
    public object? Owner => owner;

    /// <summary>One for each shard.</summary>
    public List<StackListener> Parts { get; } = [];

    public bool HasPendingAccepts => Parts.Exists(static part => part.PendingAccepts > 0);
}

/// <summary>The shards of a host in one thread, turned by hand as if they were one.</summary>
internal sealed class ShardGroup : IDisposable
{
    private readonly Host _host;
    private readonly Shard[] _shards;
    private readonly Queue<HandOver>[] _boxes; // what others have for each of them
    private int _opening;
    private int _pulling;

    public ShardGroup(StackConfig config, Instant start)
    {
        _host = new Host(config, start);
        _shards = new Shard[config.Shards];
        _boxes = new Queue<HandOver>[config.Shards];
        for (int i = 0; i < _shards.Length; i++)
        {
            _shards[i] = new Shard(_host, i);
            _boxes[i] = new Queue<HandOver>();
        }
    }

    public StackConfig Config => _host.Config;

    /// <summary>What counts towards the limits.</summary>
    public HostCounts Counts => _host.Counts;

    /// <summary>
    /// Tells, for each frame, the shard whose queue it comes out of; null: the shard that has the flow.
    /// </summary>
    public Func<int?> NextQueue { get; set; } = static () => null;

    public int ConnectionCount => Sum(static shard => shard.ConnectionCount);

    public int HalfOpenCount => Sum(static shard => shard.HalfOpenCount);

    public int TimeWaitCount => Sum(static shard => shard.TimeWaitCount);

    public int OrphanCount => Sum(static shard => shard.OrphanCount);

    /// <summary>The earliest of all timers.</summary>
    public Instant NextDeadline
    {
        get
        {
            Instant next = Instant.Never;
            foreach (Shard shard in _shards)
            {
                next = Instant.Min(next, shard.NextDeadline);
            }

            return next;
        }
    }

    public bool HasPendingOutput => Array.Exists(_shards, static shard => shard.HasPendingOutput);

    /// <summary>A counter, of all shards together.</summary>
    public long Count(Func<StackCounters, long> counter)
    {
        long sum = 0;
        foreach (Shard shard in _shards)
        {
            sum += counter(shard.Counters);
        }

        return sum;
    }

    /// <summary>Appends the connections that are not forgotten, in no order.</summary>
    public void CopyConnectionsTo(List<StackConnection> connections)
    {
        foreach (Shard shard in _shards)
        {
            shard.CopyConnectionsTo(connections);
        }
    }

    /// <summary>A frame comes out of a queue. As in a turn, what others have for its shard comes first.</summary>
    public void OnFrame(RxFrame frame, Instant arrival)
    {
        int queue = NextQueue() ?? QueueFor(frame.Bytes);
        TakeHandOvers(queue);
        _shards[queue].OnFrame(frame, arrival);
        Post(queue);
    }

    public void OnDeadline(Instant now)
    {
        while (CarryHandOvers())
        {
        }

        foreach (Shard shard in _shards)
        {
            shard.OnDeadline(now);
        }
    }

    /// <summary>As <see cref="Shard.PullFrames"/>, of one shard after the other.</summary>
    public int PullFrames(Span<TxFrame> frames, Instant now)
    {
        do
        {
            for (; _pulling < _shards.Length; _pulling++)
            {
                int count = _shards[_pulling].PullFrames(frames, now);
                if (count > 0)
                    return count;
                Post(_pulling);
            }

            _pulling = 0;
        }
        while (CarryHandOvers());
        return 0;
    }

    public void FramesAccepted(int count) => _shards[_pulling].FramesAccepted(count);

    public bool TryNextWakeup(out Wakeup wakeup)
    {
        foreach (Shard shard in _shards)
        {
            if (shard.TryNextWakeup(out wakeup))
                return true;
        }

        wakeup = default;
        return false;
    }

    /// <summary>Listens on all shards; the first one chooses the port.</summary>
    public CallResult Listen(ListenCall call, object? owner, out GroupListener? listener)
    {
        listener = null;
        var made = new GroupListener(owner);
        call = call with { Load = new ListenerLoad() };
        foreach (Shard shard in _shards)
        {
            // All have the same listeners: if one cannot, the first one could not.
            CallResult result = shard.Listen(call, out StackListener? part);
            if (result != CallResult.Done)
                return result;

            part!.Owner = made;
            made.Parts.Add(part);
            call = call with { Port = part.Port };
        }

        listener = made;
        return CallResult.Done;
    }

    /// <summary>Other settings for the connections that are accepted from now on.</summary>
    public void Configure(GroupListener listener, TcpConfig config)
    {
        for (int i = 0; i < _shards.Length; i++)
        {
            listener.Parts[i].Config = _shards[i].Complete(config);
        }
    }

    public void CloseListener(GroupListener listener, Instant now)
    {
        for (int i = 0; i < _shards.Length; i++)
        {
            _shards[i].CloseListener(listener.Parts[i], now);
        }
    }

    public bool TryAccept(GroupListener listener, out StackConnection? connection)
    {
        for (int i = 0; i < _shards.Length; i++)
        {
            if (_shards[i].TryAccept(listener.Parts[i], out connection))
                return true;
        }

        connection = null;
        return false;
    }

    /// <summary>Connects from the shard that has the flow, or else from each in turn that has a port left.</summary>
    public CallResult Connect(in ConnectCall call, Instant now, out StackConnection? connection)
    {
        if (_host.ShardFor(call) is int owner)
            return _shards[owner].Connect(call, now, out connection);

        CallResult result;
        int tried = 0;
        do
        {
            _opening = (_opening + 1) % _shards.Length;
            result = _shards[_opening].Connect(call, now, out connection);
        }
        while (result == CallResult.NoPortLeft && ++tried < _shards.Length);
        return result;
    }

    public void Adopt(StackConnection connection, object owner) => ShardOf(connection).Adopt(connection, owner);

    public void OnUserCall(StackConnection connection, in UserCall call, Instant now) =>
        ShardOf(connection).OnUserCall(connection, call, now);

    public void OnMtuChanged(int mtu, Instant now)
    {
        foreach (Shard shard in _shards)
        {
            shard.OnMtuChanged(mtu, now);
        }
    }

    public void Dispose()
    {
        foreach (Shard shard in _shards)
        {
            shard.Dispose();
        }
    }

    private Shard ShardOf(StackConnection connection) => _shards[_host.Steering.ShardOf(connection.Flow)];

    // A device that steers looks behind the link header, whatever there is.
    private int QueueFor(ReadOnlySpan<byte> frame)
    {
        int header = Config.Link.Medium == LinkMedium.Ethernet ? EthernetHeader.Size : 0;
        return frame.Length > header ? _host.Steering.ShardOf(frame[header..]) : 0;
    }

    private void Post(int from)
    {
        while (_shards[from].TryNextHandOver(out HandOver handOver))
        {
            _boxes[handOver.Shard].Enqueue(handOver);
        }
    }

    private void TakeHandOvers(int shard)
    {
        while (_boxes[shard].TryDequeue(out HandOver handOver))
        {
            _shards[shard].OnHandOver(handOver);
            handOver.Return();
        }

        Post(shard);
    }

    /// <summary>Whether there was anything.</summary>
    private bool CarryHandOvers()
    {
        bool any = false;
        for (int i = 0; i < _shards.Length; i++)
        {
            any |= _boxes[i].Count > 0;
            TakeHandOvers(i);
        }

        return any;
    }

    private int Sum(Func<Shard, int> count)
    {
        int sum = 0;
        foreach (Shard shard in _shards)
        {
            sum += count(shard);
        }

        return sum;
    }
}
