using UserTcp.Primitives;
using UserTcp.Wire;

namespace UserTcp.Ip;

/// <summary>What is known of a next hop.</summary>
internal enum NeighborLookup : byte
{
    Resolved,

    /// <summary>Asked for; a <see cref="NeighborChange"/> will follow.</summary>
    Pending,

    /// <summary>Asked for in vain, a moment ago.</summary>
    Unreachable,
}

/// <summary>A pending next hop was found, or was given up.</summary>
internal readonly record struct NeighborChange(HostAddress Address, bool IsResolved)
{
    /// <summary>Whose it is, if it was found.</summary>
    public MacAddress Mac { get; init; }

    /// <summary>When it was first asked for.</summary>
    public Instant AskedSince { get; init; }
}

/// <summary>
/// The link addresses of our neighbours (RFC 826), asked for at most once a second each (RFC 1122 §2.3.2.1) and polled
/// once they are old and still used. Sans I/O: requests and changes are pulled. Nothing is learned of hosts that are
/// not on the link, and nothing from replies that nobody asked for.
/// </summary>
internal sealed class NeighborTable
{
    // A stranger who asks for us may take the place of an entry that is not used; it is not searched for far.
    private const int StrangerSearch = 8;

    private readonly MacAddress _ownMac;
    private readonly RoutingTable _routes;
    private readonly IpLimits _limits;
    private readonly Dictionary<HostAddress, Neighbor> _byAddress;
    private readonly List<Neighbor> _all = [];
    private readonly Queue<HostAddress> _requests = new();
    private readonly Queue<NeighborChange> _changes = new();
    private readonly NeighborTimers _timers = new();
    private int _hand;

    public NeighborTable(MacAddress ownMac, RoutingTable routes, IpLimits? limits = null)
    {
        limits ??= IpLimits.Default;
        ArgumentOutOfRangeException.ThrowIfLessThan(limits.MaxNeighbors, 1, nameof(limits));
        _ownMac = ownMac;
        _routes = routes;
        _limits = limits;
        _byAddress = new Dictionary<HostAddress, Neighbor>(Math.Min(limits.MaxNeighbors, 16));
    }

    public int Count => _all.Count;

    /// <summary>The entries, in no order; to look at.</summary>
    public IReadOnlyList<Neighbor> All => _all;

    /// <summary>When <see cref="OnDeadline"/> is due.</summary>
    public Instant NextDeadline => _timers.NextDeadline;

    /// <summary>
    /// Where to send what is for this next hop. Asks for it if it is not known, or polls it if that is long ago.
    /// </summary>
    public NeighborLookup Resolve(HostAddress nextHop, Instant now, out MacAddress mac)
    {
        if (!_byAddress.TryGetValue(nextHop, out Neighbor? neighbor))
            neighbor = Make(nextHop);

        neighbor.IsUsed = true;
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
            case NeighborState.Failed or NeighborState.New:
                BeginAsking(neighbor, NeighborState.Unknown, now);
                return NeighborLookup.Pending;
            default:
                return NeighborLookup.Pending;
        }
    }

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
            if (asksForUs && TryMakeForStranger(arp.SenderAddress, out neighbor))
                SetKnown(neighbor, arp.SenderMac, now);
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
            else if (neighbor.State == NeighborState.Polled && neighbor.IsUsed)
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

    private bool IsCredible(in ArpPacket arp) =>
        !arp.SenderMac.IsMulticast
        && !arp.SenderMac.IsZero
        && arp.SenderMac != _ownMac
        && _routes.IsUnicast(arp.SenderAddress)
        && !_routes.IsLocal(arp.SenderAddress)
        && _routes.IsOnLink(arp.SenderAddress);

    private void BeginAsking(Neighbor neighbor, NeighborState state, Instant now)
    {
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
        bool wasPending = neighbor.State == NeighborState.Unknown;
        _timers.Disarm(neighbor);
        neighbor.State = NeighborState.Known;
        neighbor.Mac = mac;
        neighbor.FreshUntil = now + _limits.NeighborFreshTime;
        neighbor.OwesRequest = false;
        if (wasPending)
            TellChange(neighbor, isResolved: true);
    }

    private void GiveUp(Neighbor neighbor, Instant now)
    {
        if (neighbor.State == NeighborState.Unknown)
            TellChange(neighbor, isResolved: false);

        neighbor.State = NeighborState.Failed;
        neighbor.OwesRequest = false;
        neighbor.IsUsed = false;
        // Remembered for as long as the next request has to wait for the last one.
        neighbor.Deadline = now + _limits.ArpInterval;
    }

    private void TellChange(Neighbor neighbor, bool isResolved) => _changes.Enqueue(
        new NeighborChange(neighbor.Address, isResolved) { Mac = neighbor.Mac, AskedSince = neighbor.AskedSince });

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
            neighbor = TakeLeastUsed();
            Forget(neighbor);
        }

        neighbor.Begin(address);
        _byAddress.Add(address, neighbor);
        return neighbor;
    }

    private bool TryMakeForStranger(HostAddress address, out Neighbor neighbor)
    {
        neighbor = null!;
        if (_all.Count >= _limits.MaxNeighbors && !TryPointHandAtUnused())
            return false;

        neighbor = Make(address);
        return true;
    }

    private bool TryPointHandAtUnused()
    {
        for (int i = 0; i < StrangerSearch; i++)
        {
            int at = (_hand + i) % _all.Count;
            if (IsReplaceable(_all[at]))
            {
                _hand = at;
                return true;
            }
        }

        _hand = (_hand + StrangerSearch) % _all.Count;
        return false;
    }

    // The hand of a clock goes round; who was used since it last came by has one more round. Those who are being asked
    // for are spared, unless there is nobody else: then the one that has waited longest goes.
    private Neighbor TakeLeastUsed()
    {
        for (int i = 0; i < 2 * _all.Count; i++)
        {
            Neighbor candidate = _all[_hand];
            _hand = (_hand + 1) % _all.Count;
            if (IsReplaceable(candidate))
                return candidate;
            if (candidate.State != NeighborState.Unknown)
                candidate.IsUsed = false;
        }

        return _timers.First ?? _all[_hand];
    }

    private static bool IsReplaceable(Neighbor neighbor) => !neighbor.IsUsed && neighbor.State != NeighborState.Unknown;

    private void Forget(Neighbor neighbor)
    {
        if (neighbor.State == NeighborState.Unknown)
            TellChange(neighbor, isResolved: false);

        _timers.Disarm(neighbor);
        _byAddress.Remove(neighbor.Address);
    }
}
