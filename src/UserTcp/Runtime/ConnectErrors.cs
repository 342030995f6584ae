using System.Net.Sockets;
using UserTcp.Ip;
using UserTcp.Pipes;
using UserTcp.Primitives;
using UserTcp.Stack;
using UserTcp.Tcp;

namespace UserTcp.Runtime;

/// <summary>
/// What a connect or listen that fails throws: codes as sockets have them, messages that say what to look at.
/// </summary>
internal static class ConnectErrors
{
    /// <summary>The handshake of a connect ended otherwise than well.</summary>
    public static SocketException Make(RunningConnection connection, HostAddress remote, ushort port, Exception? fault)
    {
        UserTcpCloseReason reason = connection.CloseReason;
        TcbReport report = connection.Describe();
        string peer = $"{remote}:{port}";
        string message = reason switch
        {
            UserTcpCloseReason.Refused or UserTcpCloseReason.ProtocolUnreachable =>
                $"{peer} refused the connection: nothing listens there.",
            UserTcpCloseReason.TimedOut =>
                $"{peer} did not answer: {report.Counters.SegmentsSent} tries in {report.Age:g}.",
            UserTcpCloseReason.HostUnreachable =>
                $"{peer} cannot be reached: no host answers ARP, or a router reported it.",
            UserTcpCloseReason.NetworkUnreachable => $"{peer} cannot be reached: a router has no route to its network.",
            UserTcpCloseReason.StackStopped => $"The stack was disposed of while it connected to {peer}.",
            UserTcpCloseReason.LinkDown => $"The link is gone: {fault?.Message}",
            UserTcpCloseReason.AddressLost =>
                $"The stack gave up the address from which it connected to {peer}: connect again.",
            _ => $"The connect to {peer} was aborted.",
        };
        // A port that ICMP says is not served is a refusal too (RFC 9293 §3.9.2.2, SHLD-26).
        SocketError error = reason == UserTcpCloseReason.ProtocolUnreachable
            ? SocketError.ConnectionRefused
            : CloseErrors.ToSocketError(reason);
        return new SocketException((int)error, message);
    }

    public static SocketException TimedOut(
        RunningConnection connection, HostAddress remote, ushort port, TimeSpan? limit) => new(
        (int)SocketError.TimedOut,
        $"{remote}:{port} did not answer within {limit:g}: {connection.Describe().Counters.SegmentsSent} tries.");

    public static ObjectDisposedException Disposed() => new("UserTcpStack");

    public static SocketException Faulted(Exception cause) => new(
        (int)SocketError.NetworkDown, $"The stack has ended: {cause.Message} Open a new stack when it is fixed.");

    public static Exception ForConnect(
        CallResult result, HostAddress remote, ushort port, ConnectionSettings settings) => result switch
    {
        CallResult.InvalidDestination => new ArgumentException(
            remote.IsLoopback
                ? $"{remote} is a loopback address, and the stack has no way to this machine's loopback. Through an "
                    + "EmbeddedGateway allow it with UserTcpGatewayOptions.AllowLoopback; on other links connect to an "
                    + "address that this machine has there."
                : $"{remote} does not name one host: it is a broadcast address.",
            "address"),
        CallResult.Stopped => Disposed(),
        CallResult.NoRoute => Socket(
            SocketError.NetworkUnreachable, $"There is no route to {remote}: set Gateway, or add a route."),
        CallResult.AddressInUse => Socket(
            SocketError.AddressAlreadyInUse,
            $"Port {settings.LocalPort} is taken for a connection to {remote}:{port}."),
        CallResult.NoPortLeft => Socket(
            SocketError.AddressNotAvailable, $"No port of EphemeralPorts is left for a connection to {remote}:{port}."),
        CallResult.NotOurAddress => Socket(
            SocketError.AddressNotAvailable, $"{settings.LocalAddress} is not an address of this stack."),
        CallResult.FamilyNotSupported => Socket(
            SocketError.AddressFamilyNotSupported, $"{remote} is an IPv6 address: the stack does not speak IPv6."),
        CallResult.TooManyConnections => Socket(
            SocketError.TooManyOpenSockets, "The stack has as many connections as MaxConnections allows."),
        CallResult.NeighborTableFull => Socket(
            SocketError.NoBufferSpaceAvailable,
            $"{remote} was not asked for: hosts on the link that do not answer ARP fill the table. " +
            "Try again in a few seconds, or raise MaxNeighbors."),
        CallResult.TooLong => Socket(SocketError.MessageSize, "The request does not fit into one packet."),
        _ => Socket(SocketError.NoBufferSpaceAvailable, "Too many packets wait to be sent."),
    };

    public static Exception ForListen(CallResult result, ListenerSettings settings) => result switch
    {
        CallResult.Stopped => Disposed(),
        CallResult.AddressInUse => Socket(
            SocketError.AddressAlreadyInUse, $"Another listener has {settings.Address}:{settings.Port}."),
        CallResult.NotOurAddress => Socket(
            SocketError.AddressNotAvailable, $"{settings.Address} is not an address of this stack."),
        _ => Socket(SocketError.AddressNotAvailable, "No port of EphemeralPorts is left to listen on."),
    };

    public static SocketException ForConflict(AddressConflict conflict, string link) => Socket(
        SocketError.AddressAlreadyInUse,
        $"{conflict.Address} is already used on {link} by {conflict.OtherMac}: choose another, or free it.");

    public static ArgumentException AddressIsOurs(HostAddress address) => new(
        $"{address} is an address of this stack, or is being claimed for it.", "address");

    public static SocketException ClaimGivenUp(HostAddress address) => Socket(
        SocketError.OperationAborted,
        $"The claim of {address} was given up: the address was removed, or the stack has ended.");

    private static SocketException Socket(SocketError error, string message) => new((int)error, message);
}
