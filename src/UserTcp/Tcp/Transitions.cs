using System.Diagnostics;

namespace UserTcp.Tcp;

/// <summary>The state diagram of RFC 9293 §3.3.2, Figure 5: every change of state passes this gate.</summary>
internal static class Transitions
{
    // A row per state: the states its arrows point to. Any state may also end in CLOSED, by RST, abort or timeout.
    private static readonly TcpState[][] s_next =
    [
        /* CLOSED       */ [TcpState.Listen, TcpState.SynSent, TcpState.SynReceived],
        /* LISTEN       */ [TcpState.SynReceived, TcpState.SynSent],
        /* SYN-SENT     */ [TcpState.SynReceived, TcpState.Established],
        /* SYN-RECEIVED */ [TcpState.Established, TcpState.FinWait1, TcpState.CloseWait],
        /* ESTABLISHED  */ [TcpState.FinWait1, TcpState.CloseWait],
        /* FIN-WAIT-1   */ [TcpState.FinWait2, TcpState.Closing, TcpState.TimeWait],
        /* FIN-WAIT-2   */ [TcpState.TimeWait],
        /* CLOSE-WAIT   */ [TcpState.LastAck],
        /* CLOSING      */ [TcpState.TimeWait],
        /* LAST-ACK     */ [],
        /* TIME-WAIT    */ [],
    ];

    public static bool Allows(TcpState from, TcpState to) =>
        to == TcpState.Closed ? from != TcpState.Closed : Array.IndexOf(s_next[(int)from], to) >= 0;

    [Conditional("DEBUG")]
    public static void Assert(TcpState from, TcpState to) =>
        Debug.Assert(Allows(from, to), $"{from} has no arrow to {to}");
}
