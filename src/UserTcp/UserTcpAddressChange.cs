namespace UserTcp;

/// <summary>How far an address of a stack is.</summary>
public enum UserTcpAddressState
{
    /// <summary>Others on the link are being asked whether they have it (RFC 5227); it is not used yet.</summary>
    Tentative,

    /// <summary>It is the stack's.</summary>
    Preferred,

    /// <summary>It is the stack's, and new connections begin with another one if there is one.</summary>
    Deprecated,

    /// <summary>It is not, or no longer, the stack's.</summary>
    Lost,
}

/// <summary>An address of a stack has another state.</summary>
/// <param name="Address">The address.</param>
/// <param name="State">Its state from here on.</param>
public readonly record struct UserTcpAddressChange(UserTcpAddress Address, UserTcpAddressState State);
