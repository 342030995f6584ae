using UserTcp.Primitives;
using UserTcp.Tcp.Receive;
using UserTcp.Tcp.Send;
using UserTcp.Wire;

namespace UserTcp.Tcp;

/// <content>How large the buffers are: they grow with what the connection carries.</content>
internal sealed partial class Tcb
{
    /// <summary>Text came in order: what it tells of the round trip, and of a reader who waits for all of it.</summary>
    private void NoteArrival(in TcpSegment seg, Instant now)
    {
        if (!Config.AutoTuneBuffers)
            return;

        bool isFull = seg.Text.Length >= _receiver.FullSegment; // a tail may have waited for the application
        if (HasTimestamps && isFull && EchoedRtt(seg, now) is { } age)
            _receiver.Tuning.OnEcho(seg.Options.TsEcr, age);
        else if (!HasTimestamps)
            _receiver.Tuning.OnText(_receiver.Next, _receiver.RightEdge, now);
        TuneReceiveBuffer(now);
    }

    /// <summary>The limit that holds up the sender, now that it can send no more.</summary>
    private SendLimit CurrentSendLimit()
    {
        if (_send.Unacknowledged == 0)
            return SendLimit.Idle;

        bool isAllSent = SendPosition(_sender.Next) >= _send.End;
        if (isAllSent)
            return _send.IsWriterWaiting ? SendLimit.SendBuffer : SendLimit.Network;

        return _sender.IsPeerWindowLimited ? SendLimit.PeerWindow : SendLimit.Network;
    }

    /// <summary>
    /// The position from which on text that is examined may owe the peer a window update; below it RECEIVE may be late.
    /// An ACK that is due tells the peer of the window as it is now. A lack of memory is left out: it may pass.
    /// </summary>
    public long WindowUpdateFrom
    {
        get
        {
            if (!IsSynchronized || _receiver.FinReceived)
                return long.MaxValue;

            WindowFacts facts = WindowFacts() with { IsUnderPressure = false };
            if (_receiver.AckNow)
                facts = facts with { Unused = (WindowPolicy.Next(facts) << facts.Scale).Bytes };
            return _receive.ContiguousEnd - _receive.Unexamined + WindowPolicy.UntilUpdate(facts);
        }
    }

    private void TuneReceiveBuffer(Instant now)
    {
        if (!Config.AutoTuneBuffers)
            return;

        _receiver.Tuning.SeedRoundTrip(_sender.Rtt.Smoothed);
        var facts = new ReceiveBufferFacts
        {
            Capacity = _receive.Capacity,
            Limit = Math.Min(Config.ReceiveBufferBytes, (long)ushort.MaxValue << _receiver.Scale.Shift),
            SegmentSize = _receiver.FullSegment,
            IsUnderPressure = _receive.IsUnderPressure,
        };
        long delivered = _receive.ContiguousEnd - _receive.Unexamined;
        _receive.Capacity = (int)_receiver.Tuning.OnDelivered(delivered, facts, now);
    }

    /// <summary>
    /// Under pressure also without tuning: what applications write is bounded by nothing but their waiting.
    /// </summary>
    private void TuneSendBuffer()
    {
        var facts = new SendBufferFacts
        {
            First = Config.FirstSendBytes,
            Limit = Config.SendBufferBytes,
            CongestionWindow = _sender.Congestion?.CongestionWindow ?? 0,
            SegmentSize = _sender.SegmentSize,
        };
        _send.Allowance = SendBufferPolicy.Next(facts);
        _send.Limit = SendBufferPolicy.Next(facts with { IsUnderPressure = _send.IsUnderPressure });
        _receive.IsOverdrawn = _send.IsOverdrawn;
    }
}
