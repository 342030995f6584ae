using System.Net;
using Microsoft.Extensions.Logging;

namespace UserTcp.Gateway;

/// <summary>The messages of the category <c>UserTcp.Gateway</c>; event ids from 6000.</summary>
internal static partial class GatewayLog
{
    [LoggerMessage(6000, LogLevel.Information, "Routing for {Address} on {Link}.")]
    public static partial void Started(ILogger logger, UserTcpAddress address, string link);

    [LoggerMessage(6001, LogLevel.Debug, "{Peer} is connected to {Destination}.")]
    public static partial void Connected(ILogger logger, IPEndPoint peer, IPEndPoint destination);

    [LoggerMessage(6002, LogLevel.Debug, "{Peer} asked for {Destination}: {Reason}; answered with {Answer}.")]
    public static partial void Rejected(
        ILogger logger, IPEndPoint peer, IPEndPoint destination, string reason, UserTcpRejectReason answer);

    [LoggerMessage(6003, LogLevel.Debug, "{Peer} cancelled its connection to {Destination} during the handshake.")]
    public static partial void GivenUp(ILogger logger, IPEndPoint peer, IPEndPoint destination);

    [LoggerMessage(6004, LogLevel.Debug, "{Peer} to {Destination} ended: {Reason}.")]
    public static partial void Ended(
        ILogger logger, IPEndPoint peer, IPEndPoint destination, UserTcpCloseReason reason);

    [LoggerMessage(6005, LogLevel.Error,
        "The connection of {Peer} to {Destination} ended by an internal error of the gateway.")]
    public static partial void Faulted(ILogger logger, Exception error, IPEndPoint peer, IPEndPoint destination);

    [LoggerMessage(6006, LogLevel.Error, "DestinationFilter threw for {Destination}, which is refused.")]
    public static partial void FilterFailed(ILogger logger, Exception error, IPEndPoint destination);

    // The stack has said why, as loud as it is: its link may just have been closed in order.
    [LoggerMessage(6007, LogLevel.Information, "The gateway takes no more connections: {Reason}")]
    public static partial void Stopped(ILogger logger, string reason);

    [LoggerMessage(6008, LogLevel.Warning,
        "The operating system has no socket for {Peer} to {Destination}: {Reason}. {Count} requests were dropped. "
        + "Raise the limit of open files (ulimit -n), or lower MaxConnections.")]
    public static partial void SocketShortage(
        ILogger logger, IPEndPoint peer, IPEndPoint destination, string reason, long count);

    [LoggerMessage(6009, LogLevel.Warning,
        "No room for {Peer} to {Destination}: there are {Limit} connections. {Count} requests were dropped. "
        + "Raise MaxConnections.")]
    public static partial void TooManyConnections(
        ILogger logger, IPEndPoint peer, IPEndPoint destination, int limit, long count);

    [LoggerMessage(6010, LogLevel.Warning,
        "No room for {Peer} to {Destination}: too many attempts to this address wait for an answer. {Count} requests "
        + "were dropped. Raise MaxAttemptsPerDestination.")]
    public static partial void TooManyAttempts(
        ILogger logger, IPEndPoint peer, IPEndPoint destination, long count);
}
