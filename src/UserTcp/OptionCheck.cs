using System.Net;
using System.Net.Sockets;
using UserTcp.Primitives;

namespace UserTcp;

/// <summary>
/// The rules that several options share. All throw what names the option and says what would be right.
/// </summary>
internal static class OptionCheck
{
    /// <summary>The longest that timers of the system's kind can be asked for.</summary>
    public static readonly TimeSpan LongTime = TimeSpan.FromDays(24);

    public static void InRange(long value, long least, long most, string name)
    {
        if (value < least || value > most)
            throw new ArgumentOutOfRangeException(name, value, $"{name} must be from {least:N0} to {most:N0}.");
    }

    public static void InRange(TimeSpan value, TimeSpan least, TimeSpan most, string name)
    {
        if (value < least || value > most)
            throw new ArgumentOutOfRangeException(name, value, $"{name} must be from {least:g} to {most:g}.");
    }

    public static void Defined<T>(T value, string name)
        where T : struct, Enum
    {
        if (!Enum.IsDefined(value))
            throw new ArgumentOutOfRangeException(name, value, $"{name} must be a member of {typeof(T).Name}.");
    }

    /// <summary>IPv4, or IPv4 in IPv6's clothes.</summary>
    public static HostAddress Ipv4(IPAddress? address, string name)
    {
        ArgumentNullException.ThrowIfNull(address, name);
        HostAddress host = HostAddress.From(address);
        if (!host.IsV4)
            throw new ArgumentException($"{name} must be an IPv4 address: the stack does not speak IPv6.", name);

        return host;
    }

    /// <summary>
    /// A destination that one host can have; refused before anything is sent (RFC 9293 §3.9.2.3, MUST-46).
    /// </summary>
    public static HostAddress Destination(IPAddress address, string name)
    {
        ArgumentNullException.ThrowIfNull(address, name);
        HostAddress host = HostAddress.From(address);
        if (!host.IsV4)
        {
            throw new SocketException(
                (int)SocketError.AddressFamilyNotSupported,
                $"{address} is an IPv6 address: the stack does not speak IPv6.");
        }

        if (host.IsUnspecified || host.IsMulticast || host.IsLimitedBroadcast || host.IsReserved)
        {
            throw new ArgumentException(
                $"{address} does not name one host: the destination must be a unicast address.", name);
        }

        return host;
    }

    public static ushort Port(int port, int least, string name)
    {
        InRange(port, least, IPEndPoint.MaxPort, name);
        return (ushort)port;
    }
}
