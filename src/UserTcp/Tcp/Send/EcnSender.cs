using UserTcp.Primitives;

namespace UserTcp.Tcp.Send;

/// <summary>The sender's answer to marks of the network, as the peer echoes them (RFC 3168 §6.1.2).</summary>
internal struct EcnSender
{
    // SND.NXT at the last reduction, whatever its cause: echoes of what was sent before it are old news.
    private SeqNumber _reducedAt;
    private bool _hasReduced;

    /// <summary>The next new text says CWR: the window was reduced, for loss or for marks.</summary>
    public bool OwesCwr { readonly get; private set; }

    /// <summary>
    /// The network is congested although one segment is all that may be in flight: nothing new leaves until the
    /// retransmission timer has run out.
    /// </summary>
    public bool IsHeldBack { readonly get; private set; }

    /// <summary>
    /// Whether the segment that carries CWR is not acknowledged yet. Until then ECE says nothing new.
    /// </summary>
    public readonly bool IsWithinReduction(SeqNumber una) => _hasReduced && una <= _reducedAt;

    /// <summary>The window was reduced. <paramref name="next"/> is SND.NXT.</summary>
    public void OnReduced(SeqNumber next)
    {
        _reducedAt = next;
        _hasReduced = true;
        OwesCwr = true;
    }

    /// <summary>New text left with CWR on it.</summary>
    public void OnCwrSent() => OwesCwr = false;

    /// <summary>Nothing new leaves until the retransmission timer has run out.</summary>
    public void HoldBack() => IsHeldBack = true;

    /// <summary>The retransmission timer ran out: the wait that marks imposed is over.</summary>
    public void EndHoldBack() => IsHeldBack = false;
}
