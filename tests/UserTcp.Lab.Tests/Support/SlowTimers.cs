namespace UserTcp.Lab.Tests.Support;

/// <summary>
/// Options of connections that repeat nothing for want of patience: where the machine stands still for a moment, an ACK
/// is late, and a probe or a timeout that repeats what was not lost is no mistake; nor is the RST that answers what is
/// repeated to, or of, a connection that is over. What is repeated all the same was lost, or taken for lost by what the
/// peer said.
/// </summary>
internal static class SlowTimers
{
    private static readonly TimeSpan s_longest = TimeSpan.FromMinutes(1);

    public static UserTcpConnectionOptions Options => new()
    {
        InitialRetransmitTimeout = s_longest,
        MinRetransmitTimeout = s_longest,
        LossRecovery = new() { TailLossProbe = false },
    };
}
