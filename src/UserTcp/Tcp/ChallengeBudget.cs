using UserTcp.Primitives;

namespace UserTcp.Tcp;

/// <summary>The challenge ACKs that one connection was granted in the current second.</summary>
internal struct ChallengeShare
{
    private long _second;
    private int _granted;

    /// <summary>Takes one of <paramref name="perSecond"/>.</summary>
    public bool TryTake(int perSecond, Instant now)
    {
        long second = now.Ticks / TimeSpan.TicksPerSecond;
        if (second > _second)
        {
            _second = second;
            _granted = 0;
        }

        if (_granted >= perSecond)
            return false;

        _granted++;
        return true;
    }
}

/// <summary>
/// How many challenge ACKs, and ACKs of unacceptable segments without text, are sent (RFC 5961 §7). Each connection has
/// a share, so that a stranger cannot use up with his own connection what another one needs; and all together have a
/// limit that nobody can predict, so that he cannot count the challenges of others with many.
/// </summary>
internal sealed class ChallengeBudget(RateLimit together, int perConnection)
{
    /// <summary>ACKs that were granted.</summary>
    public long Granted { get; private set; }

    /// <summary>ACKs that were not sent for want of budget.</summary>
    public long Withheld { get; private set; }

    public bool TryTake(ref ChallengeShare share, Instant now) =>
        Count(share.TryTake(perConnection, now) && together.TryTake(now));

    /// <summary>The same for a connection whose share is kept elsewhere.</summary>
    public bool TryTake(bool hasShare, Instant now) => Count(hasShare && together.TryTake(now));

    private bool Count(bool isGranted)
    {
        if (isGranted)
            Granted++;
        else
            Withheld++;
        return isGranted;
    }
}
