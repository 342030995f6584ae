using UserTcp.Primitives;

namespace UserTcp.Tcp.Receive;

internal enum ResetVerdict : byte
{
    Drop,
    Challenge,
    Reset,
}

/// <summary>Blind resets (RFC 9293 §3.10.7.4, second step; RFC 5961 §3.2): only the exact number resets.</summary>
internal static class ResetPolicy
{
    public static ResetVerdict Decide(SeqNumber seq, SeqNumber next, uint window)
    {
        if (seq == next)
            return ResetVerdict.Reset;

        return seq.IsIn(next, window) ? ResetVerdict.Challenge : ResetVerdict.Drop;
    }
}
