using UserTcp.Wire;

namespace UserTcp.Tcp;

/// <summary>
/// What both sides said about ECN in their SYNs (RFC 3168 §6.1.1). Every SYN counts, repeated ones too: a host that
/// once sent or received one without the offer does not mark its text as ECN-capable.
/// </summary>
internal struct EcnNegotiation
{
    private bool _offered;
    private bool _wasSilent;
    private bool _peerOffered;
    private bool _peerWasSilent;

    /// <summary>Received marks are echoed, and the peer's echoes are obeyed.</summary>
    public readonly bool IsAgreed => _offered && _peerOffered && !_peerWasSilent;

    /// <summary>Sent segments may carry ECT.</summary>
    public readonly bool MaySend => IsAgreed && !_wasSilent;

    /// <summary>
    /// The flags of our SYN. One that is repeated does without, or after a few: what dropped the first may dislike just
    /// these bits (RFC 3168 §6.1.1.1).
    /// </summary>
    public TcpFlags Offer(UserTcpEcnMode mode, bool maySucceed)
    {
        bool offers = mode == UserTcpEcnMode.Active && maySucceed;
        Note(offers);
        return offers ? TcpFlags.Ece | TcpFlags.Cwr : TcpFlags.None;
    }

    /// <summary>The flags of our SYN-ACK: ECE alone, to peers that asked.</summary>
    public TcpFlags Answer(UserTcpEcnMode mode)
    {
        bool agrees = mode != UserTcpEcnMode.Disabled && _peerOffered && !_peerWasSilent && !_wasSilent;
        Note(agrees);
        return agrees ? TcpFlags.Ece : TcpFlags.None;
    }

    /// <summary>A SYN or SYN-ACK of the peer. A SYN-ACK with both bits only mirrors ours (RFC 3168 §6.1.1.2).</summary>
    public void OnPeerSyn(in TcpSegment syn)
    {
        bool hasCwr = syn.Has(TcpFlags.Cwr);
        bool offers = syn.Has(TcpFlags.Ece) && hasCwr != syn.Has(TcpFlags.Ack);
        _peerOffered |= offers;
        _peerWasSilent |= !offers;
    }

    private void Note(bool offers)
    {
        _offered |= offers;
        _wasSilent |= !offers;
    }
}
