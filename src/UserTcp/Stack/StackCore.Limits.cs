using UserTcp.Diagnostics;
using UserTcp.Primitives;
using UserTcp.Tcp;

namespace UserTcp.Stack;

/// <content>
/// How much is answered to those who may be nobody: the ACKs that challenge, resets to closed ports, ICMP. All are
/// limited by numbers that are drawn anew each second.
/// </content>
internal sealed partial class StackCore
{
    private readonly RateLimit _resetLimit;
    private readonly RateLimit _icmpLimit;
    private readonly ChallengeBudget _challenges;
    private readonly LimitNotices _notices = new();
    private long _challengesWithheld;

    /// <summary>The challenge ACKs of all connections, and what was sent of them.</summary>
    public ChallengeBudget Challenges => _challenges;

    private static ChallengeBudget MakeChallengeBudget(StackConfig config, in SipHash key) =>
        new(new RateLimit(config.ChallengeAcksPerSecond, key), config.ChallengeAcksPerConnection);

    private bool MayReset(Instant now)
    {
        if (_resetLimit.TryTake(now))
            return true;

        Counters.ResetsWithheld++;
        Drop(PacketDropReason.RateLimited);
        Tell(StackLimit.Resets, now);
        return false;
    }

    private bool MaySendIcmp(Instant now)
    {
        if (_icmpLimit.TryTake(now))
            return true;

        Counters.IcmpWithheld++;
        Drop(PacketDropReason.RateLimited);
        Tell(StackLimit.IcmpMessages, now);
        return false;
    }

    /// <summary>After a segment that may have asked for a challenge: the connections know no stack to tell.</summary>
    private void NoteChallenges(Instant now)
    {
        if (_challenges.Withheld == _challengesWithheld)
            return;

        _challengesWithheld = _challenges.Withheld;
        Tell(StackLimit.ChallengeAcks, now);
    }

    private void Tell(StackLimit limit, Instant now)
    {
        if (_notices.TryNote(limit, now, out long count))
            _wakes.Add(limit, count);
    }
}
