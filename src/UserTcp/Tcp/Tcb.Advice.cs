using UserTcp.Primitives;

namespace UserTcp.Tcp;

/// <summary>Reports of ICMP, or of the next hop, about a connection (RFC 9293 §3.9.2.2).</summary>
internal enum IcmpError : byte
{
    NetworkUnreachable,
    HostUnreachable,
    ProtocolUnreachable,
    PortUnreachable,
    Prohibited,
    TimeExceeded,
    ParameterProblem,
}

/// <content>What the network layer reports.</content>
internal sealed partial class Tcb
{
    private bool _softErrorSeen;

    /// <summary>
    /// RFC 9293 §3.9.2.2 with the care of RFC 5927: the quoted number must be outstanding, or anybody could forge it.
    /// </summary>
    public Effects OnIcmpError(IcmpError error, SeqNumber quotedSeq, Instant now)
    {
        if (State is TcpState.Closed or TcpState.TimeWait || !IsOutstanding(quotedSeq))
            return TakeEffects();

        bool isHard = error is IcmpError.ProtocolUnreachable or IcmpError.PortUnreachable or IcmpError.Prohibited;
        UserTcpCloseReason reason = ReasonOf(error);
        if (State == TcpState.SynSent && (isHard || IsRepeatedUnreachable(reason)))
            EnterClosed(isHard ? UserTcpCloseReason.Refused : reason, tellPeer: false); // RFC 9293 §3.9.2.2 (SHLD-26)
        else if (reason != UserTcpCloseReason.None)
            _softError = reason; // RFC 9293 §3.9.2.2 (SHLD-25, MUST-56); when connected also the hard ones
        return TakeEffects();
    }

    /// <summary>The next hop does not answer. Nothing else can be tried for a SYN; others wait for R2.</summary>
    public Effects OnNextHopUnreachable(Instant now)
    {
        _softError = UserTcpCloseReason.HostUnreachable;
        if (State == TcpState.SynSent)
            EnterClosed(UserTcpCloseReason.HostUnreachable, tellPeer: false);
        return TakeEffects();
    }

    /// <summary>
    /// "Fragmentation needed" about this connection (RFC 1191 §6.3, RFC 7323 §5.7), checked by RFC 5927 §7.2 and
    /// RFC 8899 §3.
    /// </summary>
    public Effects OnPathMtu(int mtu, SeqNumber quotedSeq, Instant now) =>
        IsOutstanding(quotedSeq) ? OnMtu(mtu, now) : TakeEffects();

    /// <summary>The path, or the link, takes packets of this size from now on.</summary>
    public Effects OnMtu(int mtu, Instant now)
    {
        if (State is not (TcpState.Closed or TcpState.TimeWait))
            _sender.OnPathMtu(mtu);
        return TakeEffects();
    }

    /// <summary>Whether a quoted number is in flight: nobody off the path knows one (RFC 5927 §4.1).</summary>
    public bool IsOutstanding(SeqNumber seq) => seq >= _sender.Una && seq < _sender.Next;

    // Deviation from RFC 9293 §3.9.2.2 (MUST-56) that RFC 5461 §4.2 describes: while no connection exists yet, the
    // second report about a SYN that was sent again ends the attempt, where the letter would wait for three minutes.
    private bool IsRepeatedUnreachable(UserTcpCloseReason reason)
    {
        if (reason == UserTcpCloseReason.None)
            return false;

        bool isRepeated = _softErrorSeen && _sender.SynRetransmitted;
        _softErrorSeen = true;
        return isRepeated;
    }

    private static UserTcpCloseReason ReasonOf(IcmpError error) => error switch
    {
        IcmpError.NetworkUnreachable => UserTcpCloseReason.NetworkUnreachable,
        IcmpError.HostUnreachable or IcmpError.Prohibited => UserTcpCloseReason.HostUnreachable,
        IcmpError.ProtocolUnreachable or IcmpError.PortUnreachable => UserTcpCloseReason.ProtocolUnreachable,
        _ => UserTcpCloseReason.None,
    };
}
