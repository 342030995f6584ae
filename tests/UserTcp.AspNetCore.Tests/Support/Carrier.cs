namespace UserTcp.AspNetCore.Tests.Support;

/// <summary>Who carries the bytes between client and server.</summary>
public enum Carrier
{
    /// <summary>Kestrel's own transport, over the loopback: it says what is right.</summary>
    Sockets,

    /// <summary>Ours, over a link in memory.</summary>
    UserTcp,
}
