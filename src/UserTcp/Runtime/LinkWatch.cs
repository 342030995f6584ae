using Microsoft.Extensions.Logging;
using UserTcp.Diagnostics;
using UserTcp.Links;
using UserTcp.Stack;

namespace UserTcp.Runtime;

/// <summary>
/// Says once what a link loses, or what the stack refuses of it, for a reason that somebody can remove. Asked under the
/// door of any shard; told when that is closed again.
/// </summary>
internal sealed class LinkWatch(LinkDevice link, ILogger logger, string stack)
{
    private int _hasToldTooLong;
    private int _hasToldRefusal;

    /// <summary>Under a door, once in a while.</summary>
    public void Look(StackCounters counters, WakeList wakes)
    {
        long tooLong = Volatile.Read(ref _hasToldTooLong) == 0 ? link.Statistics.ReceiveTooLong : 0;
        if (tooLong > 0 && Interlocked.Exchange(ref _hasToldTooLong, 1) == 0)
        {
            wakes.Add(
                new Notice(() => LogMessages.FramesTooLong(
                    logger, stack, link.Info.Name, tooLong, link.Info.MaxReceiveFrame)),
                WakeReasons.Decided);
        }

        if (counters.Drops(PacketDropReason.UnfinishedChecksum) > 0
            && Volatile.Read(ref _hasToldRefusal) == 0 && Interlocked.Exchange(ref _hasToldRefusal, 1) == 0)
        {
            wakes.Add(
                new Notice(() => LogMessages.UnfinishedRefused(logger, stack, link.Info.Name)), WakeReasons.Decided);
        }
    }
}
