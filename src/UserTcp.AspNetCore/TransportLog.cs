using Microsoft.Extensions.Logging;

namespace UserTcp.AspNetCore;

/// <summary>The transport's log events, with ids and names of Kestrel's sockets transport where it has them.</summary>
internal static partial class TransportLog
{
    public const string Category = "UserTcp.AspNetCore.Transport";

    [LoggerMessage(6, LogLevel.Debug, "Connection {ConnectionId} received FIN.", EventName = "ConnectionReadFin")]
    public static partial void ConnectionReadFin(ILogger logger, string connectionId);

    [LoggerMessage(7, LogLevel.Debug, "Connection {ConnectionId} sends FIN.", EventName = "ConnectionWriteFin")]
    public static partial void ConnectionWriteFin(ILogger logger, string connectionId);

    [LoggerMessage(
        8, LogLevel.Debug, "Connection {ConnectionId} sends RST because: \"{Reason}\"",
        EventName = "ConnectionWriteRst")]
    public static partial void ConnectionWriteRst(ILogger logger, string connectionId, string reason);

    [LoggerMessage(
        14, LogLevel.Debug, "Connection {ConnectionId} ended: {Reason}.", EventName = "ConnectionError")]
    public static partial void ConnectionError(ILogger logger, string connectionId, UserTcpCloseReason reason);

    [LoggerMessage(19, LogLevel.Debug, "Connection {ConnectionId} was reset.", EventName = "ConnectionReset")]
    public static partial void ConnectionReset(ILogger logger, string connectionId);

    [LoggerMessage(
        20, LogLevel.Error, "A callback of ConnectionClosed of connection {ConnectionId} failed.",
        EventName = "ConnectionClosedCallbackFailed")]
    public static partial void CallbackFailed(ILogger logger, string connectionId, Exception exception);
}
