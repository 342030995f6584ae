using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;

namespace UserTcp.Gateway;

/// <summary>What is dialled on the link, and what that means for the operating system.</summary>
internal sealed class DestinationPolicy(UserTcpGatewayOptions options, ILogger logger)
{
    private const byte FirstMulticastOctet = 224;

    /// <summary>The socket's destination.</summary>
    /// <param name="dialled">The address and port that the peer's SYN names.</param>
    /// <param name="destination">Where to connect to; the dialled end point if it is not allowed.</param>
    /// <returns>Whether it may be connected to.</returns>
    public bool TryMap(IPEndPoint dialled, out IPEndPoint destination)
    {
        destination = dialled;
        if (dialled.Address.Equals(options.Address.Address))
        {
            if (!options.AllowLoopback)
                return false;

            destination = new IPEndPoint(IPAddress.Loopback, dialled.Port);
        }
        else if (!IsRoutable(dialled.Address))
            return false;

        return Passes(destination);
    }

    /// <summary>What the peer hears of a connect that failed.</summary>
    public static UserTcpRejectReason AnswerTo(SocketError error) => error switch
    {
        SocketError.HostUnreachable or SocketError.HostDown => UserTcpRejectReason.HostUnreachable,
        SocketError.NetworkUnreachable or SocketError.NetworkDown => UserTcpRejectReason.NetworkUnreachable,
        SocketError.AccessDenied => UserTcpRejectReason.Prohibited,

        // Silence for silence; and where it is we who lack room, the peer's next SYN is the next try.
        SocketError.TimedOut or SocketError.TooManyOpenSockets or SocketError.NoBufferSpaceAvailable
            or SocketError.AddressNotAvailable => UserTcpRejectReason.Ignore,
        _ => UserTcpRejectReason.Reset,
    };

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
