using UserTcp.Primitives;

namespace UserTcp.Tcp.Send;

/// <summary>The window that the peer offers, and the segment that brought it.</summary>
internal struct SendWindow
{
    private SeqNumber _seq; // SND.WL1
    private SeqNumber _ack; // SND.WL2

    /// <summary>SND.WND.</summary>
    public WindowSize Size { readonly get; private set; }

    /// <summary>Max(SND.WND).</summary>
    public uint Largest { readonly get; private set; }

    /// <summary>The first window comes with the last segment of the handshake.</summary>
    public void Begin(WindowSize window, SeqNumber seq, SeqNumber ack)
    {
        _seq = seq;
        Take(window, seq, ack);
    }

    /// <summary>
    /// Sets SND.WND, SND.WL1 and SND.WL2 (RFC 9293 §3.10.7.4, fifth step). Deviation: an ACK of more than ever before
    /// is newer than all others, whatever its sequence number. By the letter the window of a retransmission that comes
    /// with a new acknowledgment is not taken, and the old one, moved on with SND.UNA, would be overrun.
    /// </summary>
    public void Take(WindowSize window, SeqNumber seq, SeqNumber ack)
    {
        Size = window;
        _seq = SeqNumber.Max(_seq, seq);
        _ack = ack;
        Largest = Math.Max(Largest, window.Bytes);
    }

    /// <summary>
    /// SND.WL1 and SND.WL2 keep an old segment from changing the window (RFC 9293 §3.10.7.4, fifth step).
    /// </summary>
    public readonly bool IsNewer(SeqNumber seq, SeqNumber ack) => _seq < seq || (_seq == seq && _ack <= ack);
}
