using UserTcp.Wire;

namespace UserTcp.Tcp.Receive;

/// <summary>
/// What is told the peer of the network's marks (RFC 3168 §6.1.3): from the first mark on every ACK carries ECE, until
/// the peer says with CWR that it sends less.
/// </summary>
internal struct EcnEcho
{
    /// <summary>ACKs carry ECE.</summary>
    public bool IsDue { get; private set; }

    /// <summary>Segments that arrived marked.</summary>
    public long Marked { get; private set; }

    /// <summary>
    /// Text arrived. CWR is about earlier marks, so it comes first. True if what ACKs say has changed, or the peer said
    /// CWR: then an ACK is due at once. RFC 3168 asks for it nowhere, but the peer's window may be down to the one
    /// segment whose ACK it would otherwise wait for (RFC 8257 §3.2 does the same).
    /// </summary>
    public bool OnText(EcnCodepoint ecn, bool hasCwr, int segments)
    {
        bool wasDue = IsDue;
        IsDue &= !hasCwr;
        if (ecn == EcnCodepoint.Ce)
        {
            IsDue = true;
            Marked += segments;
        }

        return wasDue != IsDue || (wasDue && hasCwr);
    }
}
