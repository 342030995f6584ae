using Microsoft.AspNetCore.Connections;

namespace UserTcp.AspNetCore;

/// <summary>Our errors in Kestrel's words, which decide what it logs and what a handler sees.</summary>
internal static class TransportErrors
{
    /// <summary>
    /// The exception of a failed read. Kestrel is silent about <see cref="ConnectionResetException"/>, and an abort of
    /// its own comes back as the reason it gave.
    /// </summary>
    public static Exception Translate(UserTcpConnectionException error) => error switch
    {
        { InnerException: ConnectionAbortedException own } => own,
        { CloseReason: UserTcpCloseReason.ResetByPeer } => new ConnectionResetException(error.Message, error),
        { CloseReason: UserTcpCloseReason.ResetByLocal or UserTcpCloseReason.StackStopped
            or UserTcpCloseReason.AddressLost } => new ConnectionAbortedException(error.Message, error),
        _ => error,
    };
}
