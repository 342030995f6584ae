using UserTcp.Primitives;
using UserTcp.Wire;

namespace UserTcp.Ip;

/// <summary>The state of a next hop.</summary>
internal enum NeighborLookup : byte
{
    Resolved,

    /// <summary>Asked for; a <see cref="NeighborChange"/> will follow.</summary>
    Pending,

    /// <summary>Asked for in vain, a moment ago.</summary>
    Unreachable,

    /// <summary>Not asked for: too many hops that have not answered are being asked for already.</summary>
    Refused,
}

/// <summary>A pending next hop was found, or was given up.</summary>
internal readonly record struct NeighborChange(HostAddress Address, bool IsResolved)
{
    /// <summary>The MAC address, if it was found.</summary>
    public MacAddress Mac { get; init; }

    /// <summary>When it was first asked for.</summary>
    public Instant AskedSince { get; init; }
}

/// <summary>
/// The link addresses of our neighbours (RFC 826), asked for at most once a second each (RFC 1122 §2.3.2.1) and polled
/// once they are old and still used. Sans I/O: requests and changes are pulled. Nothing is learned of hosts that are
/// not on the link, and nothing from replies that nobody asked for. An entry that is being asked for never makes room:
/// its three tries take their time, and a new hop is refused meanwhile. No operation searches the table.
/// </summary>
internal sealed class NeighborTable
{
    // One entry in eight is kept for hosts that answer.
    private const int ShareOfAnswering = 8;

    private readonly MacAddress _ownMac;
    private readonly RoutingTable _routes;
    private readonly IpLimits _limits;
    private readonly Dictionary<HostAddress, Neighbor> _byAddress;
    private readonly List<Neighbor> _all = [];
    private readonly Queue<HostAddress> _requests = new();
    private readonly Queue<NeighborChange> _changes = new();
    private readonly NeighborTimers _timers = new();

    // Entries make room in this order: failed ones, those never looked up, and the one looked up longest ago.
    private readonly NeighborOrder _failed = new();
    private readonly NeighborOrder _unused = new();
    private readonly NeighborOrder _used = new();
    private readonly int _maxPending;

    public NeighborTable(MacAddress ownMac, RoutingTable routes, IpLimits? limits = null)
    {
        limits ??= IpLimits.Default;
        ArgumentOutOfRangeException.ThrowIfLessThan(limits.MaxNeighbors, 1, nameof(limits));
        _ownMac = ownMac;
        _routes = routes;
        _limits = limits;
        _maxPending = Math.Max(1, limits.MaxNeighbors - limits.MaxNeighbors / ShareOfAnswering);
        _byAddress = new Dictionary<HostAddress, Neighbor>(Math.Min(limits.MaxNeighbors, 16));
    }

    public int Count => _all.Count;

    /// <summary>Hops that everybody is being asked for. At most 7/8 of the table.</summary>
    public int PendingCount { get; private set; }

    /// <summary>The entries, in no order; to look at.</summary>
    public IReadOnlyList<Neighbor> All => _all;

    /// <summary>When <see cref="OnDeadline"/> is due.</summary>
    public Instant NextDeadline => _timers.NextDeadline;

    /// <summary>
    /// Where to send what is for this next hop. Asks for it if it is not known, or polls it if that is long ago.
    /// </summary>
    public NeighborLookup Resolve(HostAddress nextHop, Instant now, out MacAddress mac)
    {
        mac = default;
        if (!_byAddress.TryGetValue(nextHop, out Neighbor? neighbor))
        {
            if (IsFull)
                return NeighborLookup.Refused;
            neighbor = Make(nextHop);
        }

        Use(neighbor, now);
        mac = neighbor.Mac;
        switch (neighbor.State)
        {
            case NeighborState.Known:
                if (now >= neighbor.FreshUntil)
                    BeginAsking(neighbor, NeighborState.Polled, now);
                return NeighborLookup.Resolved;
            case NeighborState.Polled:
                return NeighborLookup.Resolved;
            case NeighborState.Failed when now < neighbor.Deadline:
                return NeighborLookup.Unreachable;
            case NeighborState.Failed when IsFull:
                return NeighborLookup.Refused;
            case NeighborState.Failed or NeighborState.New:
                BeginAsking(neighbor, NeighborState.Unknown, now);
                return NeighborLookup.Pending;
            default:
                return NeighborLookup.Pending;
        }
    }

    /// <summary>Whether <see cref="Resolve"/> would not refuse this hop for want of a place.</summary>
    public bool HasRoomFor(HostAddress nextHop) => !IsFull
        || (_byAddress.TryGetValue(nextHop, out Neighbor? neighbor) && neighbor.State != NeighborState.Failed);

    /// <summary>
    /// The transport heard from beyond this hop something that it had just asked for: the hop is alive (RFC 1122
    /// §2.3.2.1).
    /// </summary>
    public void Confirm(HostAddress nextHop, Instant now)
    {
        if (_byAddress.TryGetValue(nextHop, out Neighbor? neighbor)
            && neighbor.State is NeighborState.Known or NeighborState.Polled)
        {
            SetKnown(neighbor, neighbor.Mac, now);
        }
    }

    /// <summary>The transport hears nothing (RFC 9293 §3.8.3, R1): polls the hop, whatever its age.</summary>
    public void Suspect(HostAddress nextHop, Instant now)
    {
        if (_byAddress.TryGetValue(nextHop, out Neighbor? neighbor)
            && neighbor.State == NeighborState.Known
            && now - neighbor.AskedAt >= _limits.ArpInterval)
        {
            BeginAsking(neighbor, NeighborState.Polled, now);
        }
    }

    /// <summary>
    /// Learns from an ARP packet (RFC 826). A request addressed to us makes or renews an entry for who asks; an
    /// announcement only renews one; a reply only answers what we asked.
    /// </summary>
    public void OnArp(in ArpPacket arp, Instant now)
    {
        if (!IsCredible(arp))
            return;

        bool asksForUs = arp.Operation == ArpOperation.Request && _routes.IsLocal(arp.TargetAddress);
        if (!_byAddress.TryGetValue(arp.SenderAddress, out Neighbor? neighbor))
        {
            if (asksForUs && HasRoomForStranger(now))
                SetKnown(Make(arp.SenderAddress), arp.SenderMac, now);
            return;
        }

        bool isAnswer = arp.Operation == ArpOperation.Reply && _routes.IsLocal(arp.TargetAddress)
            && neighbor.State is NeighborState.Unknown or NeighborState.Polled;
        if (asksForUs || isAnswer || arp.IsGratuitous)
            SetKnown(neighbor, arp.SenderMac, now);
    }

    /// <summary>Asks again, or gives up, where the answer did not come.</summary>
    public void OnDeadline(Instant now)
    {
        while (_timers.TryTakeDue(now, out Neighbor? neighbor))
        {
            if (neighbor.TriesLeft > 0)
                Ask(neighbor, now);
            else if (neighbor.State == NeighborState.Polled && neighbor.IsUsed && !IsFull)
                BeginAsking(neighbor, NeighborState.Unknown, now);
            else
                GiveUp(neighbor, now);
        }
    }

    /// <summary>Whether <see cref="TryNextArp"/> may have something.</summary>
    public bool HasArp => _requests.Count > 0;

    /// <summary>The next request to be sent; pull until false.</summary>
    public bool TryNextArp(out ArpPlan plan)
    {
        while (_requests.TryDequeue(out HostAddress address))
        {
            if (!_byAddress.TryGetValue(address, out Neighbor? neighbor) || !neighbor.OwesRequest)
                continue;

            neighbor.OwesRequest = false;
            MacAddress station = neighbor.State == NeighborState.Polled ? neighbor.Mac : MacAddress.Broadcast;
            plan = ArpPlan.Request(_ownMac, _routes.SourceFor(address), address, station);
            return true;
        }

        plan = default;
        return false;
    }

    /// <summary>The next pending hop that was found or given up; pull until false.</summary>
    public bool TryNextChange(out NeighborChange change) => _changes.TryDequeue(out change);

    private bool IsFull => PendingCount >= _maxPending;

    private bool IsCredible(in ArpPacket arp) =>
        !arp.SenderMac.IsMulticast
        && !arp.SenderMac.IsZero
        && arp.SenderMac != _ownMac
        && _routes.IsUnicast(arp.SenderAddress)
        && !_routes.IsLocal(arp.SenderAddress)
        && _routes.IsOnLink(arp.SenderAddress);

    private void BeginAsking(Neighbor neighbor, NeighborState state, Instant now)
    {
        if (state == NeighborState.Unknown)
        {
            neighbor.Order?.Remove(neighbor);
            PendingCount++;
        }

        neighbor.State = state;
        neighbor.TriesLeft = _limits.ArpTries;
        neighbor.AskedSince = now;
        neighbor.IsUsed = state == NeighborState.Unknown;
        Ask(neighbor, now);
    }

    private void Ask(Neighbor neighbor, Instant now)
    {
        neighbor.TriesLeft--;
        neighbor.AskedAt = now;
        _timers.Arm(neighbor, now + _limits.ArpInterval);
        if (neighbor.OwesRequest)
            return;     // the link has not even taken the one before

        neighbor.OwesRequest = true;
        _requests.Enqueue(neighbor.Address);
    }

    private void SetKnown(Neighbor neighbor, MacAddress mac, Instant now)
    {
        bool wasPending = EndPending(neighbor);
        _timers.Disarm(neighbor);
        if (neighbor.State is not (NeighborState.Known or NeighborState.Polled))
            (neighbor.UsedAt.IsNever ? _unused : _used).AddLast(neighbor);
        neighbor.State = NeighborState.Known;
        neighbor.Mac = mac;
        neighbor.FreshUntil = now + _limits.NeighborFreshTime;
        neighbor.OwesRequest = false;
        if (wasPending)
            TellChange(neighbor, isResolved: true);
    }

    private void GiveUp(Neighbor neighbor, Instant now)
    {
        if (EndPending(neighbor))
            TellChange(neighbor, isResolved: false);

        _failed.AddLast(neighbor);
        neighbor.State = NeighborState.Failed;
        neighbor.OwesRequest = false;
        neighbor.IsUsed = false;
        // Remembered for as long as the next request has to wait for the last one.
        neighbor.Deadline = now + _limits.ArpInterval;
    }

    private bool EndPending(Neighbor neighbor)
    {
        if (neighbor.State != NeighborState.Unknown)
            return false;

        PendingCount--;
        return true;
    }

    private void TellChange(Neighbor neighbor, bool isResolved) => _changes.Enqueue(
        new NeighborChange(neighbor.Address, isResolved) { Mac = neighbor.Mac, AskedSince = neighbor.AskedSince });

    private void Use(Neighbor neighbor, Instant now)
    {
        neighbor.IsUsed = true;
        neighbor.UsedAt = now;
        if (neighbor.State is NeighborState.Known or NeighborState.Polled)
            _used.AddLast(neighbor);
    }

    private Neighbor Make(HostAddress address)
    {
        Neighbor neighbor;
        if (_all.Count < _limits.MaxNeighbors)
        {
            neighbor = new Neighbor();
            _all.Add(neighbor);
        }
        else
        {
            // There is one, since not all may be pending.
            neighbor = (_failed.First ?? _unused.First ?? _used.First)!;
            Forget(neighbor);
        }

        neighbor.Begin(address);
        _byAddress.Add(address, neighbor);
        return neighbor;
    }

    // A stranger who asks for us takes no place of a host that was looked up while its entry was fresh.
    private bool HasRoomForStranger(Instant now) =>
        _all.Count < _limits.MaxNeighbors
        || _failed.First is not null
        || _unused.First is not null
        || (_used.First is { } oldest && now - oldest.UsedAt >= _limits.NeighborFreshTime);

    private void Forget(Neighbor neighbor)
    {
        neighbor.Order?.Remove(neighbor);
        _timers.Disarm(neighbor);
        _byAddress.Remove(neighbor.Address);
    }
}
