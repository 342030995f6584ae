using UserTcp.Primitives;

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

/// <summary>A question to be sent: who has the address?</summary>
/// <param name="Address">The address.</param>
/// <param name="Station">The one that had it; null for everybody.</param>
internal readonly record struct NeighborQuestion(HostAddress Address, MacAddress? Station);

/// <summary>
/// The link addresses of our neighbours, of both families, in the states of RFC 4861 §7.3.2. They are asked for at most
/// once a second each (RFC 1122 §2.3.2.1), and probed once they are old and still used. Questions and changes are
/// pulled; a codec sends and reads them, and its rules say whom to believe (<see cref="ArpNeighbors"/>). An entry that
/// is being asked for never makes room: its three tries take their time, and a new hop is refused meanwhile. No
/// operation searches the table.
/// </summary>
internal sealed class NeighborTable
{
    // One entry in eight is kept for hosts that answer.
    private const int ShareOfAnswering = 8;

    private readonly IpLimits _limits;
    private readonly Dictionary<HostAddress, Neighbor> _byAddress;
    private readonly List<Neighbor> _all = [];
    private readonly Queue<HostAddress> _questions = new();
    private readonly Queue<NeighborChange> _changes = new();
    private readonly NeighborTimers _asked = new();
    private readonly NeighborTimers _delayed = new();

    // Entries make room in this order: failed ones, those never looked up, and the one looked up longest ago.
    private readonly NeighborOrder _failed = new();
    private readonly NeighborOrder _unused = new();
    private readonly NeighborOrder _used = new();
    private readonly int _maxPending;

    public NeighborTable(IpLimits? limits = null)
    {
        limits ??= IpLimits.Default;
        ArgumentOutOfRangeException.ThrowIfLessThan(limits.MaxNeighbors, 1, nameof(limits));
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
    public Instant NextDeadline => Instant.Min(_asked.NextDeadline, _delayed.NextDeadline);

    /// <summary>
    /// Where to send what is for this next hop. Asks for it if it is not known, or doubts it if that is long ago.
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
        switch (neighbor.StateAt(now))
        {
            case NeighborState.Stale:
                Doubt(neighbor, now);
                return NeighborLookup.Resolved;
            case NeighborState.Reachable or NeighborState.Delay or NeighborState.Probe:
                return NeighborLookup.Resolved;
            case NeighborState.Failed when now < neighbor.Deadline:
                return NeighborLookup.Unreachable;
            case NeighborState.Failed when IsFull:
                return NeighborLookup.Refused;
            case NeighborState.Failed or NeighborState.New:
                BeginAsking(neighbor, NeighborState.Incomplete, now);
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
    /// §2.3.2.1, RFC 4861 §7.3.1).
    /// </summary>
    public void Confirm(HostAddress nextHop, Instant now)
    {
        if (_byAddress.TryGetValue(nextHop, out Neighbor? neighbor) && neighbor.HasMac)
            SetReachable(neighbor, neighbor.Mac, now);
    }

    /// <summary>The transport hears nothing (RFC 9293 §3.8.3, R1): probes the hop, whatever its age.</summary>
    public void Suspect(HostAddress nextHop, Instant now)
    {
        if (_byAddress.TryGetValue(nextHop, out Neighbor? neighbor)
            && neighbor.HasMac && neighbor.State != NeighborState.Probe
            && now - neighbor.AskedAt >= _limits.ArpInterval)
        {
            BeginAsking(neighbor, NeighborState.Probe, now);
        }
    }

    /// <summary>Whether the address is being asked for, and an answer is expected.</summary>
    public bool IsAsked(HostAddress address) =>
        _byAddress.TryGetValue(address, out Neighbor? neighbor)
        && neighbor.State is NeighborState.Incomplete or NeighborState.Probe;

    /// <summary>A neighbour turns to us: its entry is made, if there is room, or renewed.</summary>
    public void Meet(HostAddress address, MacAddress mac, Instant now)
    {
        if (_byAddress.TryGetValue(address, out Neighbor? neighbor))
            SetReachable(neighbor, mac, now);
        else if (HasRoomForStranger(now))
            SetReachable(Make(address), mac, now);
    }

    /// <summary>A neighbour says where it is: renews its entry, if there is one.</summary>
    public void Renew(HostAddress address, MacAddress mac, Instant now)
    {
        if (_byAddress.TryGetValue(address, out Neighbor? neighbor))
            SetReachable(neighbor, mac, now);
    }

    /// <summary>Asks again, or gives up, where the answer did not come.</summary>
    public void OnDeadline(Instant now)
    {
        while (_delayed.TryTakeDue(now, out Neighbor? doubted))
        {
            BeginAsking(doubted, NeighborState.Probe, now);
        }

        while (_asked.TryTakeDue(now, out Neighbor? neighbor))
        {
            if (neighbor.TriesLeft > 0)
                Ask(neighbor, now);
            else if (neighbor.State == NeighborState.Probe && neighbor.IsUsed && !IsFull)
                BeginAsking(neighbor, NeighborState.Incomplete, now);
            else
                GiveUp(neighbor, now);
        }
    }

    /// <summary>Whether <see cref="TryNextQuestion"/> may have something.</summary>
    public bool HasQuestion => _questions.Count > 0;

    /// <summary>The next question to be sent; pull until false.</summary>
    public bool TryNextQuestion(out NeighborQuestion question)
    {
        while (_questions.TryDequeue(out HostAddress address))
        {
            if (!_byAddress.TryGetValue(address, out Neighbor? neighbor) || !neighbor.OwesQuestion)
                continue;

            neighbor.OwesQuestion = false;
            MacAddress? station = neighbor.State == NeighborState.Probe ? neighbor.Mac : null;
            question = new NeighborQuestion(address, station);
            return true;
        }

        question = default;
        return false;
    }

    /// <summary>The next pending hop that was found or given up; pull until false.</summary>
    public bool TryNextChange(out NeighborChange change) => _changes.TryDequeue(out change);

    private bool IsFull => PendingCount >= _maxPending;

    /// <summary>The entry is stale, and somebody sends to it (RFC 4861 §7.3.3).</summary>
    private void Doubt(Neighbor neighbor, Instant now)
    {
        if (neighbor.Address.IsV4)
        {
            BeginAsking(neighbor, NeighborState.Probe, now); // hosts have always polled at once
            return;
        }

        neighbor.State = NeighborState.Delay;
        _delayed.Arm(neighbor, now + _limits.NeighborDelay);
    }

    private void BeginAsking(Neighbor neighbor, NeighborState state, Instant now)
    {
        if (state == NeighborState.Incomplete)
        {
            neighbor.Order?.Remove(neighbor);
            PendingCount++;
        }

        neighbor.State = state;
        neighbor.TriesLeft = _limits.ArpTries;
        neighbor.AskedSince = now;
        neighbor.IsUsed = state == NeighborState.Incomplete;
        Ask(neighbor, now);
    }

    private void Ask(Neighbor neighbor, Instant now)
    {
        neighbor.TriesLeft--;
        neighbor.AskedAt = now;
        _asked.Arm(neighbor, now + _limits.ArpInterval);
        if (neighbor.OwesQuestion)
            return;     // the link has not even taken the one before

        neighbor.OwesQuestion = true;
        _questions.Enqueue(neighbor.Address);
    }

    private void SetReachable(Neighbor neighbor, MacAddress mac, Instant now)
    {
        bool wasPending = EndPending(neighbor);
        NeighborTimers.Disarm(neighbor);
        if (!neighbor.HasMac)
            (neighbor.UsedAt.IsNever ? _unused : _used).AddLast(neighbor);
        neighbor.State = NeighborState.Reachable;
        neighbor.Mac = mac;
        neighbor.FreshUntil = now + _limits.NeighborFreshTime;
        neighbor.OwesQuestion = false;
        if (wasPending)
            TellChange(neighbor, isResolved: true);
    }

    private void GiveUp(Neighbor neighbor, Instant now)
    {
        if (EndPending(neighbor))
            TellChange(neighbor, isResolved: false);

        _failed.AddLast(neighbor);
        neighbor.State = NeighborState.Failed;
        neighbor.OwesQuestion = false;
        neighbor.IsUsed = false;
        // Remembered for as long as the next request has to wait for the last one.
        neighbor.Deadline = now + _limits.ArpInterval;
    }

    private bool EndPending(Neighbor neighbor)
    {
        if (neighbor.State != NeighborState.Incomplete)
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
        if (neighbor.HasMac)
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
        NeighborTimers.Disarm(neighbor);
        _byAddress.Remove(neighbor.Address);
    }
}
