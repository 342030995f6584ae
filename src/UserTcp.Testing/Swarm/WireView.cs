using UserTcp.Primitives;
using UserTcp.Wire;

namespace UserTcp.Testing.Swarm;

/// <summary>One connection as one of its hosts shows it on the wire.</summary>
internal sealed class WireView
{
    private SeqNumber? _initialSent;
    private SeqNumber _sentEnd;
    private SeqNumber? _acknowledged;
    private SeqNumber? _synAcknowledged;
    private SeqNumber _ownEdge;
    private int? _ownShift;
    private SeqNumber? _initialReceived;
    private SeqNumber _receivedEnd;
    private SeqNumber? _peerEdge;
    private int? _peerShift;
    private SeqNumber? _peerEnd;
    private bool _isAmbiguous;
    private (SeqNumber Seq, SeqNumber End, int? Shift)? _lastSyn; // of the peer

    /// <summary>ISS of the connection that the host began last.</summary>
    public SeqNumber? InitialSent => _initialSent;

    /// <summary>The number after the last octet that the host sent.</summary>
    public SeqNumber SentEnd => _sentEnd;

    private bool IsScaled => _ownShift is not null && _peerShift is not null;

    /// <summary>What is wrong with a segment that the host sends; null if nothing is.</summary>
    /// <param name="segment">The segment.</param>
    /// <param name="mayLeaveHoles">Whether segments may have been lost before they reached the wire.</param>
    public string? OnSent(in TcpSegment segment, bool mayLeaveHoles)
    {
        if (segment.Has(TcpFlags.Syn))
        {
            OnSentSyn(segment);
            return null;
        }

        string? wrong = CheckAcknowledgment(segment) ?? CheckText(segment, mayLeaveHoles);
        _sentEnd = SeqNumber.Max(_sentEnd, segment.End);
        return wrong;
    }

    public void OnReceived(in TcpSegment segment)
    {
        if (segment.Has(TcpFlags.Rst))
            return;

        bool isSyn = segment.Has(TcpFlags.Syn);
        if (isSyn)
            OnReceivedSyn(segment);
        if (_initialReceived is null)
            return;

        _receivedEnd = SeqNumber.Max(_receivedEnd, segment.End);
        if (segment.Has(TcpFlags.Fin))
            _peerEnd = segment.End;
        if (!segment.Has(TcpFlags.Ack))
            return;

        int shift = !isSyn && IsScaled ? _peerShift!.Value : 0;
        SeqNumber edge = segment.Ack + ((uint)segment.Window.Value << shift);
        _peerEdge = _peerEdge is { } old ? SeqNumber.Max(old, edge) : edge;
    }

    private void OnSentSyn(in TcpSegment segment)
    {
        // Where no time passes, two connections of the same ports begin with the same number.
        bool isAck = segment.Has(TcpFlags.Ack);
        bool isNew = _acknowledged is not null || (isAck && _synAcknowledged is { } before && segment.Ack != before);
        if (_initialSent != segment.Seq || isNew)
            Begin(segment);
        if (!isAck)
            return;

        // It says which handshake of the peer counts.
        _synAcknowledged = segment.Ack;
        if (_initialReceived is null && _lastSyn is { } early && segment.Ack - 1 == early.Seq)
        {
            // It arrived before our own SYN left, in one turn.
            (_initialReceived, _receivedEnd, _peerShift) = (early.Seq, early.End, early.Shift);
        }

        if (segment.Ack - 1 == _initialReceived)
            _isAmbiguous = false;
    }

    // A handshake that was given up, and begun again, or a new connection of the same ports: what was promised before
    // binds nobody; and an active open has not heard of its peer yet.
    private void Begin(in TcpSegment syn)
    {
        _initialSent = syn.Seq;
        _sentEnd = syn.End;
        _acknowledged = null;
        _peerEdge = null;
        _ownShift = syn.Options.HasWindowScale ? syn.Options.WindowScale.Shift : null;
        if (syn.Has(TcpFlags.Ack))
            return;

        _initialReceived = null;
        _synAcknowledged = null;
        _isAmbiguous = false;
        _peerShift = null;
        _peerEnd = null;
    }

    private void OnReceivedSyn(in TcpSegment segment)
    {
        int? shift = segment.Options.HasWindowScale ? segment.Options.WindowScale.Shift : null;
        _lastSyn = (segment.Seq, segment.End, shift);
        if (_initialReceived == segment.Seq)
            return;

        // Which of two handshakes of the peer counts, only the host knows.
        _isAmbiguous = _initialReceived is not null;
        _initialReceived = segment.Seq;
        _peerEnd = null;
        _receivedEnd = segment.End;
        _peerShift = shift;
    }

    // Behind FIN there is nothing that a window could be for.
    private string? CheckAcknowledgment(in TcpSegment segment)
    {
        if (!segment.Has(TcpFlags.Ack) || _isAmbiguous || _initialReceived is null)
            return null;

        SeqNumber edge = segment.Ack + ((uint)segment.Window.Value << (IsScaled ? _ownShift!.Value : 0));
        string? wrong = null;
        if (segment.Ack > _receivedEnd)
            wrong = $"acknowledges {segment.Ack - _receivedEnd} octets that did not arrive";
        else if (_acknowledged is { } before && segment.Ack < before)
            wrong = $"RCV.NXT went back by {before - segment.Ack}";
        else if (_acknowledged is not null && edge < _ownEdge && segment.Ack != _peerEnd)
            wrong = $"the right edge of the window went back by {_ownEdge - edge}";
        _acknowledged = segment.Ack;
        _ownEdge = edge;
        return wrong;
    }

    // Beyond the edge there may be the octet of a window probe, and FIN.
    private string? CheckText(in TcpSegment segment, bool mayLeaveHoles)
    {
        if (_isAmbiguous || _initialSent is null)
            return null;
        if (segment.Seq > _sentEnd && !mayLeaveHoles)
            return $"leaves a hole of {segment.Seq - _sentEnd} octets";
        if (_peerEdge is not { } edge || segment.Text.IsEmpty)
            return null;

        SeqNumber end = segment.Seq + segment.Text.Length;
        bool isProbe = segment.Text.Length == 1 && segment.Seq == edge;
        return end > edge && !isProbe ? $"sends {end - edge} octets beyond the window" : null;
    }
}
