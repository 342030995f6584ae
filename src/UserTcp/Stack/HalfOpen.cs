using UserTcp.Primitives;
using UserTcp.Tcp;
using UserTcp.Wire;

namespace UserTcp.Stack;

/// <summary>The state of a SYN until its answer is decided.</summary>
internal readonly record struct SynFacts(SeqNumber Seq, TcpFlags Flags, WireWindow Window, TcpOptions Options)
{
    public SynFacts(in TcpSegment syn)
        : this(syn.Seq, syn.Flags, syn.Window, syn.Options)
    {
    }

    /// <summary>The SYN again, without its text, which nobody keeps.</summary>
    public TcpSegment ToSegment(in FlowKey flow) => new()
    {
        SourcePort = flow.RemotePort,
        DestinationPort = flow.LocalPort,
        Seq = Seq,
        Flags = Flags,
        Window = Window,
        Options = Options,
    };
}

/// <summary>SYN-RECEIVED from LISTEN, or a SYN whose answer is still the owner's decision.</summary>
internal sealed class HalfOpenEntry(StackListener listener, TcpConfig config, FlowKey flow, ulong flowHash)
    : FlowEntry(flow, flowHash)
{
    public StackListener Listener { get; } = listener;

    public TcpConfig Config { get; set; } = config;

    /// <summary>The challenge ACKs that its peer got.</summary>
    public ChallengeShare Challenges;

    /// <summary>Null while <see cref="Request"/> is pending.</summary>
    public PassiveOpen? Opening { get; set; }

    public StackRequest? Request { get; init; }

    /// <summary>Of a pending request.</summary>
    public SynFacts Syn { get; set; }

    /// <summary>Of a pending request: the start of its packet, for an ICMP error.</summary>
    public byte[] Quote { get; set; } = [];
}

/// <summary>The SYN queue: half-open connections, bounded per listener and per stack.</summary>
internal sealed class HalfOpen(int capacity, SharedCount together)
{
    private readonly FlowTable<HalfOpenEntry> _table = new();

    public int Count => _table.Count;

    public bool HasRoomFor(StackListener listener) =>
        together.Value < capacity && listener.Load.HalfOpen.Value < listener.SynBacklog;

    public HalfOpenEntry? Find(in FlowKey flow, ulong hash) => _table.Count == 0 ? null : _table.Find(flow, hash);

    public void Add(HalfOpenEntry entry)
    {
        _table.Add(entry);
        Change(entry.Listener, 1);
    }

    public void Remove(HalfOpenEntry entry)
    {
        if (_table.Remove(entry))
            Change(entry.Listener, -1);
    }

    public void CopyTo(List<HalfOpenEntry> entries) => _table.CopyTo(entries);

    private void Change(StackListener listener, int change)
    {
        together.Add(change);
        listener.Load.HalfOpen.Add(change);
        listener.HalfOpen += change;
    }
}
