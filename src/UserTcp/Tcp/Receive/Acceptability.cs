using UserTcp.Primitives;

namespace UserTcp.Tcp.Receive;

/// <summary>The table of RFC 9293 §3.10.7.4: which segments overlap the receive window.</summary>
internal static class Acceptability
{
    public static bool IsAcceptable(SeqNumber seq, uint length, SeqNumber next, uint window)
    {
        if (length == 0)
            return window == 0 ? seq == next : seq.IsIn(next, window);

        return window != 0 && (seq.IsIn(next, window) || (seq + (length - 1)).IsIn(next, window));
    }
}
