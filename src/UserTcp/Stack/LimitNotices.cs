using UserTcp.Primitives;

namespace UserTcp.Stack;

/// <summary>A limit that strangers can make the stack reach.</summary>
internal enum StackLimit : byte
{
    /// <summary>Challenge ACKs were withheld.</summary>
    ChallengeAcks,

    /// <summary>Segments for closed ports were not answered.</summary>
    Resets,

    /// <summary>ICMP messages were not sent.</summary>
    IcmpMessages,

    /// <summary>Peers shut their windows, answered no probe any more, and were given up.</summary>
    WindowProbes,

    /// <summary>Packets or calls were refused: too many next hops that have not answered are being asked for.</summary>
    Neighbors,
}

/// <summary>Decides when a limit that is reached repeatedly is logged again.</summary>
internal sealed class LimitNotices
{
    /// <summary>The least time between two notices of the same limit.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);

    private const int Count = (int)StackLimit.Neighbors + 1;

    private readonly long[] _unreported = new long[Count];
    private readonly Instant[] _nextAt = new Instant[Count];

    public LimitNotices() => Array.Fill(_nextAt, new Instant(long.MinValue));

    /// <summary>
    /// Counts an occurrence. True if it is time to log, with the number of occurrences since the last line.
    /// </summary>
    public bool TryNote(StackLimit limit, Instant now, out long count)
    {
        count = ++_unreported[(int)limit];
        if (now < _nextAt[(int)limit])
            return false;

        _unreported[(int)limit] = 0;
        _nextAt[(int)limit] = now + Interval;
        return true;
    }
}
