using System.Diagnostics.CodeAnalysis;
using UserTcp.Primitives;

namespace UserTcp.Ip;

/// <summary>The states of RFC 4861 §7.3.2, for both families, and two of our own.</summary>
internal enum NeighborState : byte
{
    /// <summary>Just made; nothing was asked.</summary>
    New,

    /// <summary>Everybody is being asked who has the address.</summary>
    Incomplete,

    /// <summary>The neighbour was heard from a short time ago.</summary>
    Reachable,

    /// <summary>The neighbour was heard from a long time ago, and nobody has sent to it since.</summary>
    Stale,

    /// <summary>The stale entry is in use, and the transport has a while to confirm it (IPv6).</summary>
    Delay,

    /// <summary>The station itself is being asked if it still has the address.</summary>
    Probe,

    /// <summary>Nobody answered. RFC 4861 deletes the entry; here it puts the next question off.</summary>
    Failed,
}

/// <summary>One entry of the <see cref="NeighborTable"/>, used again for another address when it is replaced.</summary>
internal sealed class Neighbor
{
    public HostAddress Address;
    public MacAddress Mac;
    public NeighborState State;
    public int TriesLeft;

    /// <summary>Whether anybody looked it up since the probing began.</summary>
    public bool IsUsed;

    /// <summary>When somebody looked it up last; never, if nobody did.</summary>
    public Instant UsedAt;

    /// <summary>Whether a question waits to be pulled.</summary>
    public bool OwesQuestion;

    public Instant AskedAt;

    /// <summary>When the first of the questions under way was made.</summary>
    public Instant AskedSince;

    /// <summary>When a reachable one becomes stale.</summary>
    public Instant FreshUntil;

    /// <summary>When to ask again; of a failed entry, until when it counts as failed.</summary>
    public Instant Deadline;

    public Neighbor? Earlier;
    public Neighbor? Later;

    /// <summary>The timers that it stands in; none if it waits for nothing.</summary>
    public NeighborTimers? Timers;

    /// <summary>The order of those who may make room that it stands in; none while it is being asked for.</summary>
    public NeighborOrder? Order;
    public Neighbor? Before;
    public Neighbor? After;

    /// <summary>Whether a link address is known, and may be sent to.</summary>
    public bool HasMac =>
        State is NeighborState.Reachable or NeighborState.Stale or NeighborState.Delay or NeighborState.Probe;

    /// <summary>The state, looked at now: time alone makes a reachable one stale.</summary>
    public NeighborState StateAt(Instant now) =>
        State == NeighborState.Reachable && now >= FreshUntil ? NeighborState.Stale : State;

    public void Begin(HostAddress address)
    {
        Address = address;
        Mac = default;
        State = NeighborState.New;
        TriesLeft = 0;
        IsUsed = false;
        UsedAt = Instant.Never;
        OwesQuestion = false;
        AskedAt = new Instant(long.MinValue / 2);
        AskedSince = default;
        FreshUntil = default;
        Deadline = default;
    }
}

/// <summary>
/// Neighbours that may make room for others, the first one first. A neighbour is in one order at a time.
/// </summary>
internal sealed class NeighborOrder
{
    private Neighbor? _last;

    public Neighbor? First { get; private set; }

    /// <summary>Puts a neighbour at the end, wherever it was before.</summary>
    public void AddLast(Neighbor neighbor)
    {
        if (ReferenceEquals(_last, neighbor))
            return;

        neighbor.Order?.Remove(neighbor);
        neighbor.Order = this;
        neighbor.Before = _last;
        if (_last is null)
            First = neighbor;
        else
            _last.After = neighbor;
        _last = neighbor;
    }

    public void Remove(Neighbor neighbor)
    {
        if (neighbor.Before is null)
            First = neighbor.After;
        else
            neighbor.Before.After = neighbor.After;

        if (neighbor.After is null)
            _last = neighbor.Before;
        else
            neighbor.After.Before = neighbor.Before;

        neighbor.Order = null;
        neighbor.Before = null;
        neighbor.After = null;
    }
}

/// <summary>
/// Neighbours in the order of their deadlines: all in one list wait equally long, so the one that is armed last is due
/// last. A neighbour is in one list at a time.
/// </summary>
internal sealed class NeighborTimers
{
    private Neighbor? _last;

    public Neighbor? First { get; private set; }

    public Instant NextDeadline => First?.Deadline ?? Instant.Never;

    public void Arm(Neighbor neighbor, Instant deadline)
    {
        Disarm(neighbor);
        neighbor.Deadline = deadline;
        neighbor.Timers = this;
        neighbor.Earlier = _last;
        if (_last is null)
            First = neighbor;
        else
            _last.Later = neighbor;
        _last = neighbor;
    }

    /// <summary>Takes a neighbour out of the list that it stands in, if there is one.</summary>
    public static void Disarm(Neighbor neighbor)
    {
        neighbor.Timers?.Remove(neighbor);
        neighbor.Timers = null;
    }

    public bool TryTakeDue(Instant now, [NotNullWhen(true)] out Neighbor? neighbor)
    {
        neighbor = First is { } first && first.Deadline <= now ? first : null;
        if (neighbor is null)
            return false;

        Disarm(neighbor);
        return true;
    }

    private void Remove(Neighbor neighbor)
    {
        if (neighbor.Earlier is null)
            First = neighbor.Later;
        else
            neighbor.Earlier.Later = neighbor.Later;

        if (neighbor.Later is null)
            _last = neighbor.Earlier;
        else
            neighbor.Later.Earlier = neighbor.Earlier;

        neighbor.Earlier = null;
        neighbor.Later = null;
    }
}
