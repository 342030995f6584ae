using UserTcp.Ip;
using UserTcp.Primitives;
using UserTcp.Tcp;

namespace UserTcp.Stack;

/// <summary>The kind of object that a wake-up concerns.</summary>
internal enum WakeupKind : byte
{
    /// <summary><see cref="Wakeup.Connection"/>: see <see cref="Wakeup.Effects"/>.</summary>
    Connection,

    /// <summary><see cref="Wakeup.Listener"/>: its accept queue is no longer empty.</summary>
    Listener,

    /// <summary>
    /// <see cref="Wakeup.Request"/>: its <see cref="StackRequest.State"/> changed; a new one is pending.
    /// </summary>
    Request,

    /// <summary><see cref="Wakeup.Echo"/> was answered.</summary>
    EchoReply,

    /// <summary><see cref="Wakeup.Echo"/> came back as an ICMP error, or the next hop does not answer.</summary>
    EchoUnreachable,

    /// <summary><see cref="Wakeup.Address"/> is ours: nobody answered the probes (RFC 5227 §2.1.1).</summary>
    AddressClaimed,

    /// <summary><see cref="Wakeup.Address"/> is used by <see cref="Wakeup.Mac"/> too.</summary>
    AddressConflict,

    /// <summary><see cref="Wakeup.Address"/> is a next hop that was found at <see cref="Wakeup.Mac"/>.</summary>
    NeighborFound,

    /// <summary><see cref="Wakeup.Address"/> is a next hop that does not answer.</summary>
    NeighborLost,

    /// <summary>
    /// <see cref="Wakeup.Limit"/> was reached, <see cref="Wakeup.Count"/> times since it was told last.
    /// </summary>
    LimitReached,
}

/// <summary>An echo request's answer.</summary>
/// <param name="From">The host that answered; for an error, the router or host that sent it.</param>
/// <param name="Identifier">As in the request.</param>
/// <param name="Sequence">As in the request.</param>
/// <param name="PayloadLength">The octets that came back.</param>
/// <param name="TimeToLive">Of the answer.</param>
/// <param name="Arrival">When it arrived.</param>
internal readonly record struct EchoAnswer(
    HostAddress From, ushort Identifier, ushort Sequence, int PayloadLength, byte TimeToLive, Instant Arrival);

/// <summary>
/// One of the two things that leave the stack: whom to wake, and why. The same connection or listener appears once
/// until it is taken; its effects are ORed.
/// </summary>
internal readonly struct Wakeup
{
    private readonly object? _subject;

    public Wakeup(WakeupKind kind, object? subject, Effects effects = Effects.None)
    {
        Kind = kind;
        _subject = subject;
        Effects = effects;
    }

    public Wakeup(WakeupKind kind, EchoAnswer echo)
    {
        Kind = kind;
        Echo = echo;
    }

    public Wakeup(WakeupKind kind, HostAddress address, MacAddress mac)
    {
        Kind = kind;
        Address = address;
        Mac = mac;
    }

    public Wakeup(in AddressConflict conflict)
    {
        Kind = WakeupKind.AddressConflict;
        Address = conflict.Address;
        Mac = conflict.OtherMac;
        Count = conflict.Count;
    }

    public Wakeup(in NeighborChange change, TimeSpan elapsed)
    {
        Kind = change.IsResolved ? WakeupKind.NeighborFound : WakeupKind.NeighborLost;
        Address = change.Address;
        Mac = change.Mac;
        Elapsed = elapsed;
    }

    public Wakeup(StackLimit limit, long count)
    {
        Kind = WakeupKind.LimitReached;
        Limit = limit;
        Count = count;
    }

    public WakeupKind Kind { get; }

    public StackLimit Limit { get; }

    public long Count { get; }

    /// <summary>The effects since the connection's last wake-up.</summary>
    public Effects Effects { get; }

    public EchoAnswer Echo { get; }

    public HostAddress Address { get; }

    public MacAddress Mac { get; }

    /// <summary>Of <see cref="WakeupKind.AddressConflict"/>.</summary>
    public AddressConflict Conflict => new(Address, Mac, IsDefended: false, Count);

    /// <summary>How long the next hop was asked for.</summary>
    public TimeSpan Elapsed { get; }

    public StackConnection Connection => (StackConnection)_subject!;

    public StackListener Listener => (StackListener)_subject!;

    public StackRequest Request => (StackRequest)_subject!;
}
