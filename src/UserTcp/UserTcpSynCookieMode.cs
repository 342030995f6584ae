namespace UserTcp;

/// <summary>Whether a listener answers SYNs without remembering them (RFC 4987 §3.6).</summary>
public enum UserTcpSynCookieMode
{
    /// <summary>Never: SYNs beyond the backlog of half-open connections are dropped.</summary>
    Never,

    /// <summary>While that backlog is full.</summary>
    WhenNeeded,

    /// <summary>Always.</summary>
    Always,
}
