using System.Net.Sockets;

namespace UserTcp;

/// <summary>
/// A connection failed: what its pipes and its stream throw. The inner exception is a <see cref="SocketException"/>
/// with the same code, as with sockets; after <see cref="UserTcpConnection.Abort"/> with a reason, that reason.
/// </summary>
public class UserTcpConnectionException : IOException
{
    /// <summary>Makes an exception that names no cause.</summary>
    public UserTcpConnectionException()
    {
    }

    /// <summary>Makes an exception that names no cause.</summary>
    /// <param name="message">The error message.</param>
    public UserTcpConnectionException(string message)
        : base(message)
    {
    }

    /// <summary>Makes an exception that names no cause.</summary>
    /// <param name="message">The error message.</param>
    /// <param name="innerException">The cause.</param>
    public UserTcpConnectionException(string message, Exception? innerException)
        : base(message, innerException)
    {
    }

    /// <summary>Makes an exception.</summary>
    /// <param name="error">The code, also that of the inner <see cref="SocketException"/>.</param>
    /// <param name="reason">Why the connection ended.</param>
    /// <param name="message">The error message.</param>
    public UserTcpConnectionException(SocketError error, UserTcpCloseReason reason, string message)
        : base(message, new SocketException((int)error, message))
    {
        SocketErrorCode = error;
        CloseReason = reason;
    }

    /// <summary>Makes an exception whose cause the application gave itself.</summary>
    internal UserTcpConnectionException(
        SocketError error, UserTcpCloseReason reason, string message, Exception cause)
        : base(message, cause)
    {
        SocketErrorCode = error;
        CloseReason = reason;
    }

    /// <summary>The error that a socket would have reported.</summary>
    public SocketError SocketErrorCode { get; }

    /// <summary>Why the connection ended.</summary>
    public UserTcpCloseReason CloseReason { get; }
}
