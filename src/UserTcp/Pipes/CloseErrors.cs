using System.Net.Sockets;

namespace UserTcp.Pipes;

/// <summary>The one map from why a connection ended to what the application gets.</summary>
internal static class CloseErrors
{
    /// <summary>The error that a socket would report.</summary>
    public static SocketError ToSocketError(UserTcpCloseReason reason) => reason switch
    {
        UserTcpCloseReason.ResetByPeer => SocketError.ConnectionReset,
        UserTcpCloseReason.Refused => SocketError.ConnectionRefused,
        UserTcpCloseReason.ResetByLocal => SocketError.ConnectionAborted,
        UserTcpCloseReason.TimedOut or UserTcpCloseReason.KeepAliveTimedOut => SocketError.TimedOut,
        UserTcpCloseReason.HostUnreachable => SocketError.HostUnreachable,
        UserTcpCloseReason.NetworkUnreachable => SocketError.NetworkUnreachable,
        UserTcpCloseReason.ProtocolUnreachable => SocketError.ProtocolNotSupported,
        UserTcpCloseReason.StackStopped => SocketError.OperationAborted,
        UserTcpCloseReason.LinkDown => SocketError.NetworkDown,
        UserTcpCloseReason.AddressLost => SocketError.ConnectionAborted,
        _ => SocketError.Shutdown,
    };

    /// <summary>The exception of a read or write on a connection that ended.</summary>
    /// <param name="reason">Why it ended.</param>
    /// <param name="verb">"read data from" or "write data to".</param>
    /// <param name="cause">The application's reason to abort; becomes the inner exception.</param>
    public static UserTcpConnectionException ToException(
        UserTcpCloseReason reason, string verb, Exception? cause = null) =>
        Make(ToSocketError(reason), reason, verb, Explain(reason), cause);

    /// <summary>
    /// The exception of a read or write that was pending when the application disposed of the connection.
    /// </summary>
    public static UserTcpConnectionException Disposed(string verb) =>
        Make(SocketError.OperationAborted, UserTcpCloseReason.ResetByLocal, verb, "it was disposed of", cause: null);

    /// <summary>The exception of a call that waited as long as its caller allows; the connection lives on.</summary>
    public static UserTcpConnectionException TimedOut(string verb) =>
        Make(SocketError.TimedOut, UserTcpCloseReason.None, verb, "the call's timeout has expired", cause: null);

    /// <summary>
    /// The exception of a write after this side's FIN, or on a connection whose end was reported already.
    /// </summary>
    public static UserTcpConnectionException Shutdown(UserTcpCloseReason reason) =>
        Make(SocketError.Shutdown, reason, "write data to", "its output was shut down", cause: null);

    private static UserTcpConnectionException Make(
        SocketError error, UserTcpCloseReason reason, string verb, string explanation, Exception? cause)
    {
        string message = $"Unable to {verb} the transport connection: {explanation}.";
        return cause is null
            ? new UserTcpConnectionException(error, reason, message)
            : new UserTcpConnectionException(error, reason, message, cause);
    }

    private static string Explain(UserTcpCloseReason reason) => reason switch
    {
        UserTcpCloseReason.ResetByPeer => "the peer reset it",
        UserTcpCloseReason.Refused => "the peer refused it",
        UserTcpCloseReason.ResetByLocal => "it was aborted on this side",
        UserTcpCloseReason.TimedOut => "the peer did not acknowledge in time",
        UserTcpCloseReason.KeepAliveTimedOut => "the peer did not answer the keep-alive probes",
        UserTcpCloseReason.HostUnreachable => "the peer's host cannot be reached",
        UserTcpCloseReason.NetworkUnreachable => "the peer's network cannot be reached",
        UserTcpCloseReason.ProtocolUnreachable => "the peer's host does not serve the protocol",
        UserTcpCloseReason.StackStopped => "the stack was disposed of",
        UserTcpCloseReason.LinkDown => "the link is down",
        UserTcpCloseReason.AddressLost => "the stack has given up its address",
        _ => "it is closed",
    };
}
