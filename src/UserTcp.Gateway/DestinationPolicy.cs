using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;

namespace UserTcp.Gateway;

/// <summary>Maps destinations on the link to destinations of the operating system.</summary>
internal sealed class DestinationPolicy(UserTcpGatewayOptions options, ILogger logger)
{
    private const byte FirstMulticastOctet = 224;

    /// <summary>The socket's destination.</summary>
    /// <param name="dialled">The address and port that the peer's SYN names.</param>
    /// <param name="destination">Where to connect to; the dialled end point if it is not allowed.</param>
    /// <param name="reason">Why not; empty if it may be.</param>
    /// <returns>Whether it may be connected to.</returns>
    public bool TryMap(IPEndPoint dialled, out IPEndPoint destination, out string reason)
    {
        bool isOwn = dialled.Address.Equals(options.Address.Address);
        destination = isOwn && options.AllowLoopback ? new IPEndPoint(IPAddress.Loopback, dialled.Port) : dialled;
        reason = "";
        if (isOwn && !options.AllowLoopback)
            reason = "the host's loopback is not allowed, see AllowLoopback";
        else if (!isOwn && !IsRoutable(dialled.Address))
            reason = "it is no host's address";
        else if (!Passes(destination))
            reason = "DestinationFilter does not allow it";

        return reason.Length == 0;
    }

    /// <summary>The answer to the peer for a connect that failed.</summary>
    public static UserTcpRejectReason AnswerTo(SocketError error) => error switch
    {
        SocketError.HostUnreachable or SocketError.HostDown => UserTcpRejectReason.HostUnreachable,
        SocketError.NetworkUnreachable or SocketError.NetworkDown => UserTcpRejectReason.NetworkUnreachable,
        SocketError.AccessDenied => UserTcpRejectReason.Prohibited,

        SocketError.TimedOut => UserTcpRejectReason.Ignore, // silence for silence
        _ => IsShortage(error) ? UserTcpRejectReason.Ignore : UserTcpRejectReason.Reset,
    };

    /// <summary>Whether it is we who lack room: the peer's next SYN is the next try.</summary>
    public static bool IsShortage(SocketError error) => error
        is SocketError.TooManyOpenSockets or SocketError.NoBufferSpaceAvailable or SocketError.AddressNotAvailable;

    /// <summary>
    /// Neither the loopback under another name (Linux connects 0.0.0.0 to itself) nor a group nor everybody.
    /// </summary>
    private static bool IsRoutable(IPAddress address)
    {
        Span<byte> octets = stackalloc byte[4];
        return address.AddressFamily == AddressFamily.InterNetwork && address.TryWriteBytes(octets, out _)
            && octets[0] is not (0 or 127) and < FirstMulticastOctet;
    }

    private bool Passes(IPEndPoint destination)
    {
        try
        {
            return options.DestinationFilter?.Invoke(destination) ?? true;
        }
        catch (Exception error)
        {
            // A user's filter that fails must neither open the way nor stop the router.
            GatewayLog.FilterFailed(logger, error, destination);
            return false;
        }
    }
}
