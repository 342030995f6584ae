using System.Diagnostics.CodeAnalysis;
using UserTcp.Primitives;

namespace UserTcp.Ip;

internal enum NeighborState : byte
{
    /// <summary>Just made; nothing was asked.</summary>
    New,

    /// <summary>Everybody is being asked who has the address.</summary>
    Unknown,

    Known,

    /// <summary>Known once; the station itself is being asked if it still has the address.</summary>
    Polled,

    /// <summary>Nobody answered.</summary>
    Failed,
}

/// <summary>One entry of the <see cref="NeighborTable"/>, used again for another address when it is replaced.</summary>
internal sealed class Neighbor
{
    public HostAddress Address;
    public MacAddress Mac;
    public NeighborState State;
    public int TriesLeft;

    /// <summary>Whether anybody looked it up since the poll began.</summary>
    public bool IsUsed;

    /// <summary>When somebody looked it up last; never, if nobody did.</summary>
    public Instant UsedAt;

    /// <summary>Whether a request waits to be pulled.</summary>
    public bool OwesRequest;

    public Instant AskedAt;

    /// <summary>When the first of the requests under way was made.</summary>
    public Instant AskedSince;

    public Instant FreshUntil;

    /// <summary>When to ask again; of a failed entry, until when it counts as failed.</summary>
    public Instant Deadline;

    public Neighbor? Earlier;
    public Neighbor? Later;
    public bool IsArmed;

    /// <summary>The order of those who may make room that it stands in; none while it is being asked for.</summary>
    public NeighborOrder? Order;
    public Neighbor? Before;
    public Neighbor? After;

    public void Begin(HostAddress address)
    {
        Address = address;
        Mac = default;
        State = NeighborState.New;
        TriesLeft = 0;
        IsUsed = false;
        UsedAt = Instant.Never;
        OwesRequest = false;
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
/// The neighbours that are being asked for, in the order of their deadlines: all wait equally long, so who is armed
/// last is due last.
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
        neighbor.IsArmed = true;
        neighbor.Earlier = _last;
        if (_last is null)
            First = neighbor;
        else
            _last.Later = neighbor;
        _last = neighbor;
    }

    public void Disarm(Neighbor neighbor)
    {
        if (!neighbor.IsArmed)
            return;

        neighbor.IsArmed = false;
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

    public bool TryTakeDue(Instant now, [NotNullWhen(true)] out Neighbor? neighbor)
    {
        neighbor = First is { } first && first.Deadline <= now ? first : null;
        if (neighbor is null)
            return false;

        Disarm(neighbor);
        return true;
    }
}
