namespace UserTcp.Wire;

/// <summary>The ECN field, the two low bits of the traffic class octet (RFC 3168 §5).</summary>
internal enum EcnCodepoint : byte
{
    /// <summary>The transport does not take marks: a congested router drops.</summary>
    NotEct = 0,

    /// <summary>ECN-capable, for experiments (RFC 8311 §4.2); a router treats it as <see cref="Ect0"/>.</summary>
    Ect1 = 1,

    /// <summary>ECN-capable.</summary>
    Ect0 = 2,

    /// <summary>Congestion experienced.</summary>
    Ce = 3,
}
