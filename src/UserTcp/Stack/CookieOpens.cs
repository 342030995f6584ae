using UserTcp.Primitives;
using UserTcp.Tcp;
using UserTcp.Wire;

namespace UserTcp.Stack;

/// <summary>Handshakes that leave nothing behind until they are complete (RFC 4987 §3.6).</summary>
internal sealed class CookieOpens(SynCookies cookies, InitialNumbers numbers, Answers answers)
{
    /// <summary>Answers a SYN by a cookie.</summary>
    public void Answer(StackListener listener, in TcpSegment syn, in FlowKey flow, Instant now)
    {
        listener.SynCookiesSent++;
        listener.CookiesUntil = now + SynCookies.Period * SynCookies.Periods;
        SegmentPlan synAck = cookies.SynAck(listener.Config, syn, flow, numbers.TimestampOffset(flow), now);
        answers.Send(flow, synAck, listener.Config.Live);
    }

    /// <summary>
    /// A segment for a listener, or one that a half-open connection does not know: does it complete a handshake that
    /// nobody remembers? Asked only for as long as a cookie may be on its way.
    /// </summary>
    public PassiveOpen? Read(StackListener listener, in TcpSegment seg, in FlowKey flow, Instant now)
    {
        if (now >= listener.CookiesUntil || seg.Has(TcpFlags.Syn))
            return null;

        if (!cookies.TryRead(seg, flow, now, out TcpSegment syn))
        {
            listener.SynCookiesFailed++;
            return null;
        }

        return PassiveOpen.FromCookie(listener.Config, syn, seg.Ack - 1, numbers.TimestampOffset(flow), now);
    }
}
