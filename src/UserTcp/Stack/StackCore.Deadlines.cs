using UserTcp.Diagnostics;
using UserTcp.Ip;
using UserTcp.Primitives;
using UserTcp.Wire;

namespace UserTcp.Stack;

/// <content>The passing of time.</content>
internal sealed partial class StackCore
{
    /// <summary>Later than this the machine slept, and what was due meanwhile is evaluated at the present.</summary>
    private static readonly TimeSpan s_tolerance = TimeSpan.FromMilliseconds(100);

    private readonly List<StackConnection> _scratch = [];
    private readonly HashSet<HostAddress> _expiredPaths = [];

    /// <summary>The earliest of all timers; waking earlier does no harm.</summary>
    public Instant NextDeadline
    {
        get
        {
            Instant next = Instant.Min(_wheel.NextDeadline, _timeWait.NextDeadline);
            next = Instant.Min(next, Instant.Min(_neighbors.NextDeadline, _defence.NextDeadline));
            return Instant.Min(next, Instant.Min(_reassembly.NextDeadline, _paths.NextDeadline));
        }
    }

    public void OnDeadline(Instant now) => OnDeadline(now, now);

    /// <summary>Time has passed, and not all of it may count for connections.</summary>
    /// <param name="dueBy">Timers of connections that are due later may wait for what the link still holds.</param>
    /// <param name="now">When what is due is evaluated.</param>
    public void OnDeadline(Instant dueBy, Instant now)
    {
        _wheel.Advance(dueBy);
        while (_wheel.TryTakeDue(out FlowEntry entry))
        {
            if (entry is StackConnection connection)
                OnTimeout(connection, now);
            else
                OnTimeout((HalfOpenEntry)entry, now);
        }

        while (_timeWait.TryExpire(now, out FlowKey flow))
        {
            _ports.OnReleased(flow);
        }

        _neighbors.OnDeadline(now);
        FollowNeighbors(now);
        _defence.OnDeadline(now);
        ReportDefence();
        ExpireFragments(now);
        ExpirePaths(now);
    }

    /// <summary>
    /// Late timers are evaluated at their scheduled time, so that a busy or sleepy loop does not make segments look
    /// older than they were; but never before the connection's last event.
    /// </summary>
    private void OnTimeout(StackConnection connection, Instant now)
    {
        Instant due = Instant.Max(connection.Deadline, connection.LastEvent);
        Instant at = due < now && now - due <= s_tolerance ? due : now;
        Apply(connection, connection.Tcb.OnTimeout(at), at);
    }

    private void OnTimeout(HalfOpenEntry entry, Instant now)
    {
        if (entry.Opening is null || !entry.Opening.OnTimeout(now))
        {
            Abandon(entry);
            return;
        }

        QueueSegment(entry.Flow, entry.Opening.SynAck(now), entry.Config);
        _wheel.Arm(entry, entry.Opening.NextDeadline);
    }

    /// <summary>RFC 1122 §3.3.2: the sender is told, if the first fragment came.</summary>
    private void ExpireFragments(Instant now)
    {
        while (_reassembly.TryExpire(now, out ReadOnlySpan<byte> quote))
        {
            Drop(PacketDropReason.FragmentTimeout);
            if (Ipv4Header.TryParseQuote(quote, out Ipv4Header first)
                && IcmpErrors.MayAnswer(first, _routes, viaLinkBroadcast: false)
                && TryRentReply(now, IcmpErrors.MaxPacketBytes, out PacketBlock? block))
            {
                QueuePacket(block, IcmpErrors.WriteReassemblyTimeExceeded(block.Room, first));
            }
        }
    }

    /// <summary>
    /// A path's MTU that was reported ten minutes ago may have grown (RFC 1191 §6.3). However many paths expire at
    /// once, the connections are walked once.
    /// </summary>
    private void ExpirePaths(Instant now)
    {
        while (_paths.TryExpire(now, out HostAddress destination))
        {
            _expiredPaths.Add(destination);
        }

        if (_expiredPaths.Count == 0)
            return;

        _flows.CopyTo(_scratch);
        foreach (StackConnection connection in _scratch)
        {
            if (_expiredPaths.Contains(connection.Flow.Remote))
                AdoptPathMtu(connection, now);
        }

        _scratch.Clear();
        _expiredPaths.Clear();
    }
}
