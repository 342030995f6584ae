using UserTcp.Diagnostics;

namespace UserTcp.Stack;

/// <summary>What the stack counted since it was made. Written under the door only; copied for statistics.</summary>
internal sealed class StackCounters
{
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

    /// <summary>How often the device did not take all frames.</summary>
    public long LinkSendBackpressure;

    public long Drops(PacketDropReason reason) => _drops[(int)reason];

    public void Drop(PacketDropReason reason) => _drops[(int)reason]++;
}
