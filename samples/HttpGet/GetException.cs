using System.Net.Sockets;

namespace HttpGet;

/// <summary>A failure that the user is told in one line, and its exit code.</summary>
internal sealed class GetException(ExitCode code, string message, Exception? innerException = null)
    : Exception(message, innerException)
{
    public ExitCode Code { get; } = code;

    /// <summary>A connection that broke while bytes were read or written.</summary>
    public static GetException Broken(string doing, IOException error)
    {
        return (error.InnerException as SocketException)?.SocketErrorCode switch
        {
            SocketError.TimedOut =>
                new(ExitCode.TimedOut, $"The server fell silent while {doing}.", error),
            SocketError.ConnectionReset =>
                new(ExitCode.ReceiveFailed, $"The server reset the connection while {doing}.", error),
            _ =>
                new(ExitCode.ReceiveFailed, $"The connection broke while {doing}: {error.Message}", error),
        };
    }
}
