using UserTcp.Primitives;
using UserTcp.Tcp;

namespace UserTcp.Stack;

/// <summary>The destinations whose SYNs a listener gets.</summary>
internal enum ListenMode : byte
{
    /// <summary>One address of the stack.</summary>
    OneAddress,

    /// <summary>All addresses of the stack.</summary>
    OwnAddresses,

    /// <summary>Any destination whatever, ours or not, as a router's proxy.</summary>
    AnyAddress,
}

/// <summary>The settings of a listener.</summary>
internal readonly record struct ListenCall
{
    public ListenMode Mode { get; init; }

    /// <summary>With <see cref="ListenMode.OneAddress"/> only.</summary>
    public HostAddress Address { get; init; }

    /// <summary>0: an ephemeral port; with <see cref="ListenMode.AnyAddress"/>: every port.</summary>
    public ushort Port { get; init; }

    /// <summary>Established connections that wait to be accepted, at most.</summary>
    public int Backlog { get; init; }

    /// <summary>Half-open connections, at most.</summary>
    public int SynBacklog { get; init; }

    /// <summary>Whether each SYN becomes a <see cref="StackRequest"/>, which the application answers.</summary>
    public bool HandsOutRequests { get; init; }

    /// <summary>Whether SYNs are answered without being remembered; not with requests.</summary>
    public UserTcpSynCookieMode SynCookies { get; init; }

    /// <summary>The settings of accepted connections.</summary>
    public TcpConfig Config { get; init; }

    /// <summary>Counts for all shards that listen by this call; null: for this one alone.</summary>
    public ListenerLoad? Load { get; init; }
}

/// <summary>How many a listener has in all shards together.</summary>
internal sealed record ListenerLoad
{
    /// <summary>Connections that nobody has accepted yet.</summary>
    public SharedCount Pending { get; } = new();

    public SharedCount HalfOpen { get; } = new();
}

/// <summary>The port and address of a listener: RFC 9293's passive OPEN (§3.9.1.1).</summary>
internal readonly record struct ListenKey(ListenMode Mode, HostAddress Address, ushort Port);

/// <summary>LISTEN: an entry of the listen table with the connections that nobody has accepted yet.</summary>
internal sealed class StackListener
{
    private readonly Queue<StackConnection> _accepted = new();

    internal StackListener(ListenKey key, in ListenCall call)
    {
        Key = key;
        Backlog = call.Backlog;
        SynBacklog = call.SynBacklog;
        HandsOutRequests = call.HandsOutRequests;
        SynCookies = call.SynCookies;
        Config = call.Config;
        Load = call.Load ?? new ListenerLoad();
    }

    public ListenKey Key { get; }

    /// <summary>What counts towards the bounds.</summary>
    public ListenerLoad Load { get; }

    /// <summary>The bound port, never 0 but where every port of any address is served.</summary>
    public ushort Port => Key.Port;

    public int Backlog { get; }

    /// <summary>How many may be half open (RFC 4987 §3.2).</summary>
    public int SynBacklog { get; }

    public bool HandsOutRequests { get; }

    public UserTcpSynCookieMode SynCookies { get; }

    /// <summary>Runtime's object for this listener.</summary>
    public object? Owner { get; set; }

    public bool IsClosed { get; internal set; }

    /// <summary>Connections that wait for <see cref="Shard.TryAccept"/>.</summary>
    public int PendingAccepts => _accepted.Count;

    /// <summary>Connections before the final ACK, pending requests included.</summary>
    public int HalfOpen { get; internal set; }

    /// <summary>Connections handed out.</summary>
    public long Accepted { get; internal set; }

    /// <summary>SYNs and final ACKs that were ignored because a queue was full.</summary>
    public long Overflows { get; internal set; }

    /// <summary>SYN-ACKs sent that nobody remembers.</summary>
    public long SynCookiesSent { get; internal set; }

    /// <summary>Connections made of them.</summary>
    public long SynCookiesAccepted { get; internal set; }

    /// <summary>
    /// Segments that came while cookies were out, and brought none that is ours, or one that is too old.
    /// </summary>
    public long SynCookiesFailed { get; internal set; }

    /// <summary>From here on no cookie can be good.</summary>
    internal Instant CookiesUntil { get; set; }

    internal bool IsWakeQueued { get; set; }

    internal TcpConfig Config { get; set; }

    internal bool IsFull => Load.Pending.Value >= Backlog;

    internal void Enqueue(StackConnection connection)
    {
        _accepted.Enqueue(connection);
        Load.Pending.Add(1);
    }

    internal bool TryDequeue(out StackConnection connection)
    {
        bool isTaken = _accepted.TryDequeue(out connection!);
        if (isTaken)
            Load.Pending.Add(-1);
        return isTaken;
    }
}
