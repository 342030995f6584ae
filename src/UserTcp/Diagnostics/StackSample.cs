using UserTcp.Links;
using UserTcp.Stack;

namespace UserTcp.Diagnostics;

/// <summary>A stack that meters can look at.</summary>
internal interface IMeteredStack
{
    /// <summary>Thread-safe; null once the stack is over.</summary>
    /// <param name="withConnections">Whether to look at each connection: there may be many.</param>
    StackSample? Sample(bool withConnections);
}

/// <summary>The values that meters read of the listeners of a port: one, or several at different addresses.</summary>
internal readonly record struct ListenerSample(
    int Port, long Pending, long Overflows, long CookiesSent, long CookiesAccepted, long CookiesFailed)
{
    public ListenerSample With(StackListener listener) => new(
        Port, Pending + listener.PendingAccepts, Overflows + listener.Overflows,
        CookiesSent + listener.SynCookiesSent, CookiesAccepted + listener.SynCookiesAccepted,
        CookiesFailed + listener.SynCookiesFailed);
}

/// <summary>The values of a stack that meters read; those of a shard are all of one moment.</summary>
internal sealed class StackSample
{
    private readonly long[] _byState = new long[Names.States.Length];

    public required string Stack { get; init; }

    public required string Link { get; init; }

    public long Incoming { get; private set; }

    public long Outgoing { get; private set; }

    public long TextSent { get; private set; }

    public long TextReceived { get; private set; }

    public long OutOfOrder { get; private set; }

    public long SegmentsReceived { get; private set; }

    public long SegmentsSent { get; private set; }

    public long FramesReceived { get; private set; }

    public long FramesSent { get; private set; }

    public long BytesReceived { get; private set; }

    public long BytesSent { get; private set; }

    public long[] Resent { get; } = new long[Names.ResendReasons.Length];

    public long[] Drops { get; } = new long[Names.DropReasons.Length];

    public LinkStatistics LinkStatistics { get; init; }

    public List<ListenerSample> Listeners { get; } = [];

    public ReadOnlySpan<long> ByState => _byState;

    /// <summary>Under the door of each shard in turn.</summary>
    public void Read(Shard core) => ReadCounters(core.Counters);

    /// <summary>Under the door, after <see cref="Read"/>.</summary>
    public void ReadConnections(Shard core)
    {
        var connections = new List<StackConnection>(core.ConnectionCount);
        core.CopyConnectionsTo(connections);
        foreach (StackConnection connection in connections)
        {
            ReadConnection(connection);
        }

        _byState[(int)Tcp.TcpState.SynReceived] += core.HalfOpenCount;
        _byState[(int)Tcp.TcpState.TimeWait] += core.TimeWaitCount;
    }

    /// <summary>
    /// Under the door. Instruments tell listeners apart by their port: a second measurement with the same tags would
    /// replace the first.
    /// </summary>
    /// <param name="listener">What a shard has of a listener.</param>
    /// <param name="isFirst">Whether it is the first shard: the listener counts once.</param>
    public void Add(StackListener listener, bool isFirst)
    {
        _byState[(int)Tcp.TcpState.Listen] += isFirst ? 1 : 0;
        int at = Listeners.FindIndex(sample => sample.Port == listener.Port);
        if (at < 0)
            Listeners.Add(new ListenerSample { Port = listener.Port }.With(listener));
        else
            Listeners[at] = Listeners[at].With(listener);
    }

    private void ReadCounters(StackCounters counters)
    {
        TextSent += counters.PastTextSent;
        TextReceived += counters.PastTextReceived;
        OutOfOrder += counters.PastOutOfOrder;
        SegmentsReceived += counters.SegmentsReceived;
        SegmentsSent += counters.SegmentsSent + counters.SegmentsResent;
        FramesReceived += counters.FramesReceived;
        FramesSent += counters.FramesSent;
        BytesReceived += counters.BytesReceived;
        BytesSent += counters.BytesSent;
        for (int i = 0; i < Resent.Length; i++)
        {
            Resent[i] += counters.Resent((ResendReason)i);
        }

        for (int i = 0; i < Drops.Length; i++)
        {
            Drops[i] += counters.Drops((PacketDropReason)i);
        }
    }

    private void ReadConnection(StackConnection connection)
    {
        _byState[(int)connection.Tcb.State]++;
        TextSent += connection.Tcb.Counters.BytesSent - connection.Tcb.Counters.BytesRetransmitted;
        TextReceived += connection.Tcb.Counters.BytesReceived;
        OutOfOrder += connection.Tcb.OutOfOrderSegments;
        if (connection.IsIncoming)
            Incoming++;
        else
            Outgoing++;
    }
}
