using UserTcp.Ip;
using UserTcp.Primitives;

namespace UserTcp.Stack;

/// <summary>Tells connections what their paths carry.</summary>
internal sealed class PathMtus(PathMtu paths, Flows flows, Connections connections) : ITimed
{
    private readonly List<StackConnection> _scratch = [];
    private readonly HashSet<HostAddress> _expired = [];

    public Instant NextDeadline => paths.NextDeadline;

    /// <summary>A router on the connection's path says that a packet was too large.</summary>
    public void OnTooBig(StackConnection connection, in IcmpReport report, Instant now)
    {
        if (paths.OnTooBig(report.Flow.Remote, report.NextHopMtu, report.QuotedLength, now))
            connections.AdoptPathMtu(connection, now);
    }

    /// <summary>The link takes packets of another size from now on; every connection cuts anew.</summary>
    public void OnLinkMtu(Instant now)
    {
        flows.CopyTo(_scratch);
        foreach (StackConnection connection in _scratch)
        {
            connections.AdoptPathMtu(connection, now);
        }

        _scratch.Clear();
    }

    /// <summary>
    /// A path's MTU that was reported ten minutes ago may have grown (RFC 1191 §6.3). However many paths expire at
    /// once, the connections are walked once.
    /// </summary>
    public void OnDeadline(Instant dueBy, Instant now)
    {
        while (paths.TryExpire(now, out HostAddress destination))
        {
            _expired.Add(destination);
        }

        if (_expired.Count == 0)
            return;

        flows.CopyTo(_scratch);
        foreach (StackConnection connection in _scratch)
        {
            if (_expired.Contains(connection.Flow.Remote))
                connections.AdoptPathMtu(connection, now);
        }

        _scratch.Clear();
        _expired.Clear();
    }
}
