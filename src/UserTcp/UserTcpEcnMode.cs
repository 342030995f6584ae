namespace UserTcp;

/// <summary>Explicit congestion notification (RFC 3168).</summary>
public enum UserTcpEcnMode
{
    /// <summary>Never.</summary>
    Disabled,

    /// <summary>Used with peers that ask for it; not asked for.</summary>
    Passive,

    /// <summary>Asked for, and used with peers that agree.</summary>
    Active,
}
