using UserTcp.Primitives;
using UserTcp.Tcp;
using UserTcp.Wire;

namespace UserTcp.Stack;

/// <content>Handshakes that leave nothing behind until they are complete (RFC 4987 §3.6).</content>
internal sealed partial class StackCore
{
    private readonly SynCookies _cookies;

    /// <summary>Never for requests: the owner's answer cannot wait in a sequence number.</summary>
    private bool UsesCookie(StackListener listener) =>
        !listener.HandsOutRequests
        && listener.SynCookies switch
        {
            UserTcpSynCookieMode.Always => true,
            UserTcpSynCookieMode.WhenNeeded => !_halfOpen.HasRoomFor(listener),
            _ => false,
        };

    private void ReplyCookie(StackListener listener, in TcpSegment syn, in FlowKey flow, Instant now)
    {
        if (listener.IsFull || _flows.Count + _halfOpen.Count >= Config.MaxConnections)
        {
            DropForBacklog(listener); // nobody could take the connection
            return;
        }

        listener.SynCookiesSent++;
        listener.CookiesUntil = now + SynCookies.Period * SynCookies.Periods;
        uint offset = InitialSequence.TimestampOffset(_sequenceKey, flow);
        QueueSegment(flow, _cookies.SynAck(listener.Config, syn, flow, offset, now), listener.Config);
    }

    /// <summary>
    /// A segment for a listener, or one that a half-open connection does not know: does it complete a handshake that
    /// nobody remembers? Asked only for as long as a cookie may be on its way.
    /// </summary>
    private PassiveOpen? ReadCookie(StackListener listener, in TcpSegment seg, in FlowKey flow, Instant now)
    {
        if (now >= listener.CookiesUntil || seg.Has(TcpFlags.Syn))
            return null;

        if (!_cookies.TryRead(seg, flow, now, out TcpSegment syn))
        {
            listener.SynCookiesFailed++;
            return null;
        }

        uint offset = InitialSequence.TimestampOffset(_sequenceKey, flow);
        return PassiveOpen.FromCookie(listener.Config, syn, seg.Ack - 1, offset, now);
    }

    /// <summary>False if the segment has nothing to do with a cookie.</summary>
    private bool TryAcceptCookie(
        StackListener listener, in TcpSegment seg, in FlowKey flow, ulong hash, Instant now)
    {
        if (ReadCookie(listener, seg, flow, now) is not { } opening)
            return false;

        var entry = new HalfOpenEntry(listener, listener.Config, flow, hash)
        {
            Opening = opening,
            Checksums = HistoryFrom(seg),
        };
        CompleteCookie(entry, seg, now);
        return true;
    }

    private void CompleteCookie(HalfOpenEntry entry, in TcpSegment seg, Instant now)
    {
        if (_flows.Count >= Config.MaxConnections)
            DropForBacklog(entry.Listener);
        else if (CompleteOpen(entry, seg, now))
            entry.Listener.SynCookiesAccepted++;
    }
}
