using UserTcp.Tests.Support;

namespace UserTcp.Tests.Stack;

/// <summary>
/// Segments of one batch do to a flow what they do one by one, with a pull after each: the same states, the same text,
/// the same answers.
/// </summary>
/// <remarks>
/// <para>
/// Two differences are legal, and no other. First, a bare ACK may be missing where another segment, a reset with ACK
/// included, says as much: its acknowledgment is not lower, and it does not end before the sequence number of the ACK.
/// ACKs are cumulative, and RFC 9293 §3.10.7.4 wants all queued segments processed before an ACK is sent (MUST-59). For
/// the same reason SYN-ACK and FIN may carry a higher acknowledgment, and an ACK may stand for the SYN-ACK of a
/// simultaneous open once the peer has shown that it has our SYN.
/// </para>
/// <para>
/// Second, an ACK may be missing if the peer reset the connection in the same batch: nobody is left who waits for it.
/// Resets are never merged and never missing, since each is about the one number that it was provoked by, and neither
/// are the answers of listeners.
/// </para>
/// </remarks>
public sealed class BatchTests
{
    private static readonly Happening[] s_happenings = Enum.GetValues<Happening>();

    public static TheoryData<Standing> Standings() => new(Enum.GetValues<Standing>());

    [Theory, MemberData(nameof(Standings))]
    [Rfc("9293 §3.10.7.4", "MUST-59")]
    public void Every_pair_in_one_batch_is_answered_as_one_by_one(Standing standing) =>
        Assert.Empty(Failures(standing, length: 2));

    [Theory, MemberData(nameof(Standings))]
    public void Every_triple_in_one_batch_is_answered_as_one_by_one(Standing standing) =>
        Assert.Empty(Failures(standing, length: 3));

    /// <summary>Every sequence of so many happenings that leads to something else in one batch.</summary>
    internal static List<string> Failures(Standing standing, int length)
    {
        var failures = new List<string>();
        int count = (int)Math.Pow(s_happenings.Length, length);
        for (int number = 0; number < count; number++)
        {
            var happenings = new Happening[length];
            for (int i = 0, rest = number; i < length; i++, rest /= s_happenings.Length)
            {
                happenings[i] = s_happenings[rest % s_happenings.Length];
            }

            bool isPossible = !happenings.AsSpan(0, length - 1).Contains(Happening.Reconnect);
            if (isPossible && Difference(standing, happenings) is { } difference)
                failures.Add($"{standing}: {string.Join(", ", happenings)}: {difference}");
        }

        return failures;
    }

    private static string? Difference(Standing standing, Happening[] happenings)
    {
        using var single = new BatchScene(standing);
        using var batch = new BatchScene(standing);
        foreach (Happening happening in happenings)
        {
            single.Happen(happening);
            single.Pull();
            batch.Happen(happening);
        }

        batch.Pull();
        single.Rest();
        batch.Rest();
        string expected = single.Outcome();
        string actual = batch.Outcome();
        return expected != actual
            ? $"left\n  {actual}\none by one\n  {expected}"
            : BatchAnswers.Difference(single.Sent, batch.Sent, batch.PeerHasReset);
    }
}
