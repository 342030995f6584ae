using UserTcp.Primitives;

namespace UserTcp.Ip;

/// <summary>
/// What routers said about the largest packet on the way to a destination (RFC 1191 §3), or a connection found out
/// (RFC 4821). A report only ever lowers the estimate; it is forgotten in time, so that a better path is found again
/// (RFC 1191 §6.3). Bounded; the oldest goes.
/// </summary>
internal sealed class PathMtu
{
    public const int DefaultCapacity = 1024;

    // RFC 1191 §7.1, table 7-1: what networks have, for routers that do not say.
    private static readonly int[] s_plateaus = [32000, 17914, 8166, 4352, 2002, 1492, 1006, 508, 296];

    private readonly Dictionary<HostAddress, Estimate> _estimates = [];
    private readonly Queue<(HostAddress Destination, Instant Expiry)> _ages = new();
    private readonly Queue<HostAddress> _evicted = new();
    private readonly int _capacity;
    private readonly IpLimits _limits;

    public PathMtu(int linkMtu, int capacity = DefaultCapacity, IpLimits? limits = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(capacity, 1);
        LinkMtu = linkMtu;
        _capacity = capacity;
        _limits = limits ?? IpLimits.Default;
    }

    /// <summary>The MTU of our own link, in bytes: what is assumed of every path, until somebody objects.</summary>
    public int LinkMtu { get; set; }

    public int Count => _estimates.Count;

    /// <summary>When <see cref="TryExpire"/> is due; may be early.</summary>
    public Instant NextDeadline =>
        _evicted.Count > 0 ? new Instant(0)
        : _ages.TryPeek(out (HostAddress, Instant Expiry) oldest) ? oldest.Expiry : Instant.Never;

    /// <summary>The largest packet for a destination, in bytes.</summary>
    public int Get(HostAddress destination, Instant now) =>
        _estimates.Count > 0 && _estimates.TryGetValue(destination, out Estimate estimate) && now < estimate.Expiry
            ? Math.Min(estimate.Mtu, LinkMtu)
            : LinkMtu;

    /// <summary>
    /// Takes the report of a router that a packet was too large. The caller has checked that we sent the packet
    /// (RFC 5927 §7.2).
    /// </summary>
    /// <param name="destination">The destination of the quoted packet.</param>
    /// <param name="nextHopMtu">The largest packet that the router can forward; 0 if it does not say.</param>
    /// <param name="quotedLength">The total length of the quoted packet.</param>
    /// <param name="now">The time.</param>
    /// <returns>Whether the estimate is lower now.</returns>
    public bool OnTooBig(HostAddress destination, int nextHopMtu, int quotedLength, Instant now)
    {
        int current = Get(destination, now);
        int reported = nextHopMtu > 0 ? nextHopMtu : PlateauBelow(Math.Min(quotedLength, current));
        int mtu = Math.Max(reported, FloorOf(destination));
        if (mtu >= current)
            return false;

        if (_estimates.Count >= _capacity && !_estimates.ContainsKey(destination))
            RemoveOldest();

        Remember(destination, new Estimate(mtu, now + _limits.PathMtuLifetime));
        return true;
    }

    /// <summary>Takes what was found out by sending: segments of this size arrive, larger ones may not.</summary>
    public void Learn(HostAddress destination, int mtu, Instant now)
    {
        if (mtu >= LinkMtu)
        {
            _estimates.Remove(destination);
            return;
        }

        if (_estimates.Count >= _capacity && !_estimates.ContainsKey(destination))
            RemoveOldest();

        int learned = Math.Max(mtu, FloorOf(destination));
        Remember(destination, new Estimate(learned, now + _limits.PathMtuLifetime));
    }

    /// <summary>
    /// Forgets one estimate that is too old, or tells of one that had to make room: the path may carry
    /// <see cref="LinkMtu"/> again. Call until false.
    /// </summary>
    public bool TryExpire(Instant now, out HostAddress destination)
    {
        if (_evicted.TryDequeue(out destination))
            return true;

        while (_ages.TryPeek(out (HostAddress Destination, Instant Expiry) oldest) && oldest.Expiry <= now)
        {
            _ages.Dequeue();
            destination = oldest.Destination;
            if (IsCurrent(oldest) && _estimates.Remove(destination))
                return true;
        }

        destination = default;
        return false;
    }

    // An estimate that is lowered again leaves its first age behind in the queue; these are swept out now and then.
    private void Remember(HostAddress destination, Estimate estimate)
    {
        bool isSameAge = _estimates.TryGetValue(destination, out Estimate before) && before.Expiry == estimate.Expiry;
        _estimates[destination] = estimate;
        if (isSameAge)
            return;

        for (int left = _ages.Count >= 2 * _capacity ? _ages.Count : 0; left > 0; left--)
        {
            (HostAddress, Instant) age = _ages.Dequeue();
            if (IsCurrent(age))
                _ages.Enqueue(age);
        }

        _ages.Enqueue((destination, estimate.Expiry));
    }

    private void RemoveOldest()
    {
        while (_ages.TryDequeue(out (HostAddress Destination, Instant Expiry) oldest))
        {
            if (IsCurrent(oldest) && _estimates.Remove(oldest.Destination))
            {
                // Connections to it believe in the estimate: they hear that nobody remembers it.
                _evicted.Enqueue(oldest.Destination);
                return;
            }
        }
    }

    private int FloorOf(HostAddress destination) => Math.Max(_limits.PathMtuFloor, destination.Family.MinMtu);

    private bool IsCurrent((HostAddress Destination, Instant Expiry) age) =>
        _estimates.TryGetValue(age.Destination, out Estimate estimate) && estimate.Expiry == age.Expiry;

    private static int PlateauBelow(int length)
    {
        foreach (int plateau in s_plateaus)
        {
            if (plateau < length)
                return plateau;
        }

        return IpFamily.V4.MinMtu;
    }

    private readonly record struct Estimate(int Mtu, Instant Expiry);
}
