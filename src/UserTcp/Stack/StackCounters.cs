using UserTcp.Diagnostics;

namespace UserTcp.Stack;

/// <summary>Why a segment was sent again.</summary>
internal enum ResendReason
{
    /// <summary>A SYN or SYN-ACK was not answered.</summary>
    Handshake,

    /// <summary>The retransmission timer ran out.</summary>
    Timeout,

    /// <summary>Later segments were acknowledged.</summary>
    FastRecovery,

    /// <summary>Asked on suspicion: the tail, or a closed window.</summary>
    Probe,
}

/// <summary>The counters of the stack. Written under the door only; copied for statistics.</summary>
internal sealed class StackCounters
{
    private readonly long[] _resent = new long[Enum.GetValues<ResendReason>().Length];
    private readonly long[] _drops = new long[Enum.GetValues<PacketDropReason>().Length];

    public long ConnectionsInitiated;
    public long ConnectionsAccepted;
    public long FailedConnectionAttempts;
    public long ResetConnections;
    public long SegmentsReceived;
    public long SegmentsSent;
    public long SegmentsResent;
    public long ResetsSent;
    public long ErrorsReceived;
    public long FramesReceived;
    public long FramesSent;
    public long BytesReceived;
    public long BytesSent;

    /// <summary>Segments without a connection that got no reset for want of budget.</summary>
    public long ResetsWithheld;

    /// <summary>ICMP messages that were not sent for want of budget.</summary>
    public long IcmpWithheld;

    /// <summary>Connections given up since nobody answered the probes of a shut window.</summary>
    public long WindowProbeTimeouts;

    /// <summary>How often the device did not take all frames.</summary>
    public long LinkSendBackpressure;

    /// <summary>Frames that arrived here and belonged to another shard.</summary>
    public long HandedOver;

    /// <summary>The text that ended connections had sent, in bytes.</summary>
    public long PastTextSent;

    /// <summary>The text that ended connections had received, in bytes.</summary>
    public long PastTextReceived;

    /// <summary>Segments that had arrived out of order at connections that are gone.</summary>
    public long PastOutOfOrder;

    public long Resent(ResendReason reason) => _resent[(int)reason];

    public void Resend(ResendReason reason, int segments)
    {
        SegmentsResent += segments;
        _resent[(int)reason] += segments;
    }

    public long Drops(PacketDropReason reason) => _drops[(int)reason];

    /// <summary>Counts drops of which nobody has to be told.</summary>
    public void Drop(PacketDropReason reason, long count) => _drops[(int)reason] += count;

    /// <summary>Counts a drop, and gives its reason back to be returned.</summary>
    public PacketDropReason Drop(PacketDropReason reason)
    {
        _drops[(int)reason]++;
        return reason;
    }
}
