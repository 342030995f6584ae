using Microsoft.Extensions.Logging;
using UserTcp.Diagnostics;
using UserTcp.Links;
using UserTcp.Primitives;

namespace UserTcp.Runtime;

/// <summary>
/// Says once what a link loses, or what the stack refuses of it, for a reason that somebody can remove. Asked under the
/// door, once a second of turns; told when the door is closed again.
/// </summary>
internal sealed class LinkWatch(LinkDevice link, ILogger logger, string stack) : IWakeTarget
{
    private static readonly TimeSpan s_period = TimeSpan.FromSeconds(1);

    private Instant _next;
    private long _tooLong;
    private bool _refuses;
    private bool _hasToldTooLong;
    private bool _hasToldRefusal;

    /// <summary>Under the door, in a turn that has received.</summary>
    public void OnTurn(in Door.Visit visit, Instant now)
    {
        if (now < _next)
            return;

        _next = now + s_period;
        _tooLong = _hasToldTooLong ? 0 : link.Statistics.ReceiveTooLong;
        _refuses = !_hasToldRefusal && visit.Shard.Counters.Drops(PacketDropReason.UnfinishedChecksum) > 0;
        if (_tooLong > 0 || _refuses)
            visit.Wakes.Add(this, WakeReasons.Decided);
    }

    void IWakeTarget.Wake(WakeReasons reasons, bool inlineAllowed)
    {
        if (_tooLong > 0 && !_hasToldTooLong)
        {
            _hasToldTooLong = true;
            LogMessages.FramesTooLong(logger, stack, link.Info.Name, _tooLong, link.Info.MaxReceiveFrame);
        }

        if (_refuses && !_hasToldRefusal)
        {
            _hasToldRefusal = true;
            LogMessages.UnfinishedRefused(logger, stack, link.Info.Name);
        }
    }
}
