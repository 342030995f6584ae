using System.Runtime.InteropServices;
using UserTcp.Primitives;

namespace UserTcp.Tcp.Send;

/// <summary>
/// The largest segment that the path carries, where routers drop what is too large and nobody says so (RFC 4821,
/// RFC 8899). Trusts the link and ICMP until repeated timeouts make it doubt; then it goes down to sizes that work
/// nearly everywhere, and up again by probing. All sizes are segment sizes with options (MSS), in octets.
/// </summary>
[StructLayout(LayoutKind.Auto)]
internal struct PathMtuSearch
{
    /// <summary>Timeouts in a row after which a smaller size is tried, and then a smaller one again.</summary>
    public const int TimeoutsToDoubt = 2;

    /// <summary>PMTU_RAISE_TIMER (RFC 8899 §5.1.1): how long what was found is not questioned.</summary>
    public static readonly TimeSpan RaiseInterval = TimeSpan.FromMinutes(10);

    private const int BaseMtu = 1200; // BASE_PLPMTU (RFC 8899 §5.1.2, RFC 4821 §7.2)

    // What links and tunnels carry (RFC 8899 §5.3.2). A size between two of them gains little and costs a probe
    // (RFC 4821 §7.3).
    private static readonly int[] s_mtus =
        [1006, 1200, 1280, 1360, 1400, 1420, 1440, 1450, 1460, 1472, 1480, 1492, 1500, 2002, 4352, 8166, 9000, 16384];

    private int _ceiling;
    private int _failed;
    private int _doubted;
    private Phase _phase;
    private Phase _phaseBefore;
    private Instant _nextProbeAt;

    public PathMtuSearch(Mss ceiling, IpFamily family)
    {
        Family = family;
        _ceiling = ceiling.Bytes;
        Size = ceiling.Bytes;
    }

    private enum Phase : byte
    {
        /// <summary>Nothing is known against what the link and the routers say.</summary>
        Trusting,

        /// <summary>Timeouts followed each other, and a smaller size is tried.</summary>
        Doubting,

        /// <summary>No size helped: the peer is away, and that proves nothing.</summary>
        GivenUp,

        /// <summary>A smaller size helped; larger ones are probed.</summary>
        Searching,
    }

    /// <summary>Whose headers surround the segments.</summary>
    public IpFamily Family { get; }

    /// <summary>The size in use (eff_pmtu in RFC 4821 §7.1, PLPMTU in RFC 8899 §3).</summary>
    public int Size { readonly get; private set; }

    /// <summary>A probe is out.</summary>
    public readonly bool HasProbe => ProbeSize > 0;

    /// <summary>Its size; 0 if there is none.</summary>
    public int ProbeSize { readonly get; private set; }

    /// <summary>The link, or a router, says what it carries. What was found to be too large is not believed.</summary>
    public void OnCeiling(int size)
    {
        bool isLarger = size > _ceiling;
        _ceiling = size;
        if (_phase is Phase.Trusting or Phase.GivenUp)
            Size = size;
        Size = Math.Min(Size, size);
        _doubted = size;
        if (isLarger)
            Resume(new Instant(long.MinValue));
    }

    /// <summary>
    /// The retransmission timer ran out for the n-th time without progress (RFC 4821 §7.7, RFC 8899 §4.3), perhaps
    /// because the size was raised: then the search begins anew (RFC 4821 §7.8). True if <see cref="Size"/> changed.
    /// </summary>
    /// <param name="timeouts">Timeouts in a row.</param>
    /// <param name="segmentBytes">The segment that was not acknowledged, in the terms of this type.</param>
    public bool OnTimeout(int timeouts, int segmentBytes)
    {
        if (_phase == Phase.GivenUp || timeouts % TimeoutsToDoubt != 0)
            return false;

        int next = Below(Math.Min(segmentBytes, Size));
        if (next == 0)
            return _phase == Phase.Doubting && GiveUp();

        if (_phase != Phase.Doubting)
        {
            _phaseBefore = _phase;
            _doubted = Size;
        }

        _phase = Phase.Doubting;
        Size = next;
        return true;
    }

    /// <summary>Something was acknowledged. True if that shows that a smaller size was what it took.</summary>
    public bool OnProgress(Instant now)
    {
        if (_phase == Phase.GivenUp)
            _phase = _phaseBefore;
        if (_phase != Phase.Doubting)
            return false;

        _phase = Phase.Searching;
        Resume(now);
        return true;
    }

    /// <summary>
    /// A segment of this size was delivered that had been sent only once: whatever the timeouts came from, the path
    /// carries it (RFC 4821 §7.1). True if <see cref="Size"/> changed.
    /// </summary>
    public bool OnDelivered(int size)
    {
        if (_phase is not (Phase.Doubting or Phase.Searching) || size <= Size)
            return false;

        if (_phase == Phase.Doubting)
            Resume(new Instant(long.MinValue));
        Size = Math.Min(size, _ceiling);
        _phase = Size == _ceiling ? Phase.Trusting : Phase.Searching;
        return true;
    }

    /// <summary>The timeouts were none: the ACKs were late. True if <see cref="Size"/> changed.</summary>
    public bool OnSpuriousTimeout()
    {
        if (_phase != Phase.Doubting)
            return false;

        Size = _doubted;
        _phase = _phaseBefore;
        return true;
    }

    /// <summary>
    /// The size to probe now (RFC 4821 §7.3): first all there may be, because the timeouts may have had another cause;
    /// then by halves between what works and what does not.
    /// </summary>
    /// <param name="limit">The largest size that the peer accepts.</param>
    /// <param name="now">The time.</param>
    /// <param name="size">The size.</param>
    /// <param name="isFound">Whether no size is left to be probed; then <see cref="OnFound"/> is due.</param>
    public readonly bool TryNextProbe(int limit, Instant now, out int size, out bool isFound)
    {
        size = 0;
        isFound = false;
        limit = Math.Min(limit, _ceiling);
        if (_phase != Phase.Searching || HasProbe || Size >= limit || now < _nextProbeAt)
            return false;

        size = _failed > limit ? limit : Between(Size, _failed);
        isFound = size == 0;
        return !isFound;
    }

    /// <summary>The size is found, until the path changes.</summary>
    public void OnFound(Instant now) => Resume(now + RaiseInterval);

    public void OnProbeSent(int size) => ProbeSize = size;

    /// <summary>The probe arrived (RFC 4821 §7.6.1): <see cref="Size"/> is its size now.</summary>
    public void OnProbeAcknowledged(Instant now)
    {
        Size = Math.Min(ProbeSize, _ceiling);
        ProbeSize = 0;
        _nextProbeAt = now;
        if (Size == _ceiling)
            _phase = Phase.Trusting;
    }

    /// <summary>The probe, and nothing else, was lost (RFC 4821 §7.6.2).</summary>
    public void OnProbeLost(Instant nextProbeAt)
    {
        _failed = ProbeSize;
        OnProbeInconclusive(nextProbeAt);
    }

    /// <summary>The probe's outcome says nothing about its size (RFC 4821 §7.6.4).</summary>
    public void OnProbeInconclusive(Instant nextProbeAt)
    {
        ProbeSize = 0;
        _nextProbeAt = nextProbeAt;
    }

    private void Resume(Instant at)
    {
        _failed = int.MaxValue;
        _nextProbeAt = at;
    }

    private bool GiveUp()
    {
        _phase = Phase.GivenUp;
        Size = _doubted;
        return true;
    }

    private readonly int Below(int size)
    {
        int last = Family.DefaultMss.Bytes;
        int first = Math.Max(last, BaseMtu - Family.SegmentHeaderBytes);
        return size > first ? first : size > last ? last : 0;
    }

    private readonly int Between(int works, int fails)
    {
        int headerBytes = Family.SegmentHeaderBytes;
        int first = 0;
        while (first < s_mtus.Length && s_mtus[first] - headerBytes <= works)
        {
            first++;
        }

        int end = first;
        while (end < s_mtus.Length && s_mtus[end] - headerBytes < fails)
        {
            end++;
        }

        return first == end ? 0 : s_mtus[(first + end) / 2] - headerBytes;
    }
}
