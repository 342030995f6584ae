using System.Threading.Channels;
using UserTcp.Diagnostics;
using UserTcp.Links;
using UserTcp.Tool.Trace;

namespace UserTcp.Tool.Dump;

/// <summary>The frames of a stack, with the reason for which it dropped one, as a tap sees them.</summary>
internal sealed class StackFrames : IPacketTap
{
    /// <summary>Frames that wait to be printed; the stack does not wait for the terminal.</summary>
    private const int MaxWaiting = 16_384;

    private readonly Channel<CapturedFrame> _frames = Channel.CreateBounded<CapturedFrame>(
        new BoundedChannelOptions(MaxWaiting) { SingleReader = true });

    private long _missed;

    /// <summary>Frames that found no room.</summary>
    public long Missed => Volatile.Read(ref _missed);

    /// <summary>Takes a frame, or counts it as missed.</summary>
    public void OnPacket(in PacketTapContext packet)
    {
        LinkType link = packet.Link.Medium == LinkMedium.Ethernet ? LinkType.Ethernet : LinkType.Raw;
        var frame = new CapturedFrame(NanosecondsOf(packet.Timestamp), link, packet.Frame.ToArray())
        {
            Direction = packet.Direction,
            Comment = packet.DropReason == PacketDropReason.None ? null : DropText.CommentOf(packet.DropReason),
        };
        if (!_frames.Writer.TryWrite(frame))
            Interlocked.Increment(ref _missed);
    }

    public IAsyncEnumerable<CapturedFrame> ReadAsync(CancellationToken cancellationToken) =>
        _frames.Reader.ReadAllAsync(cancellationToken);

    private static long NanosecondsOf(DateTimeOffset time) =>
        (time - DateTimeOffset.UnixEpoch).Ticks * TimeSpan.NanosecondsPerTick;
}

/// <summary>The words by which a capture tells of a drop: the comment of <see cref="PcapngTap"/>.</summary>
internal static class DropText
{
    private const string Prefix = "dropped: ";

    public static string CommentOf(PacketDropReason reason) => Prefix + reason;

    /// <summary>The reason in a comment; null if it is another comment.</summary>
    public static PacketDropReason? ReasonOf(string? comment) =>
        comment is not null && comment.StartsWith(Prefix, StringComparison.Ordinal)
            && Enum.TryParse(comment[Prefix.Length..], out PacketDropReason reason) && Enum.IsDefined(reason)
            ? reason : null;
}
