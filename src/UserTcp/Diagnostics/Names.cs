using System.Net.Sockets;
using System.Text;

namespace UserTcp.Diagnostics;

/// <summary>Attributes of OpenTelemetry's semantic conventions, and those that they do not have.</summary>
internal static class Names
{
    public const string Transport = "network.transport";
    public const string NetworkType = "network.type";
    public const string PeerAddress = "network.peer.address";
    public const string PeerPort = "network.peer.port";
    public const string LocalAddress = "network.local.address";
    public const string LocalPort = "network.local.port";
    public const string ServerPort = "server.port";
    public const string InterfaceName = "network.interface.name";
    public const string Direction = "network.io.direction";
    public const string ConnectionState = "network.connection.state";
    public const string ErrorType = "error.type";
    public const string StackName = "usertcp.stack.name";
    public const string Role = "usertcp.connection.role";
    public const string RetransmitReason = "usertcp.retransmit.reason";
    public const string DropReason = "usertcp.drop.reason";
    public const string CookieResult = "usertcp.syn_cookie.result";
    public const string QuestionName = "dns.question.name";

    public const string Tcp = "tcp";
    public const string Ipv4 = "ipv4";
    public const string HostUnreachable = "host_unreachable";
    public const string Client = "client";
    public const string Server = "server";
    public const string Receive = "receive";
    public const string Transmit = "transmit";

    /// <summary>The states of a connection, in the order of the enumeration, as the conventions spell them.</summary>
    public static string[] States { get; } =
    [
        .. Enum.GetNames<UserTcp.Tcp.TcpState>().Select(name =>
            name.StartsWith("FinWait", StringComparison.Ordinal) ? $"fin_wait_{name[^1]}" : SnakeCase(name)),
    ];

    public static string[] ResendReasons { get; } = SnakeCases<Stack.ResendReason>();

    public static string[] DropReasons { get; } = SnakeCases<PacketDropReason>();

    public static string Of(SocketError error) => SnakeCase(error.ToString());

    /// <summary>Null for an end that is none.</summary>
    public static string? Of(UserTcpCloseReason reason) =>
        reason is UserTcpCloseReason.Graceful or UserTcpCloseReason.None ? null : SnakeCase(reason.ToString());

    private static string[] SnakeCases<T>() where T : struct, Enum => [.. Enum.GetNames<T>().Select(SnakeCase)];

    private static string SnakeCase(string name)
    {
        var text = new StringBuilder(name.Length + 4);
        foreach (char letter in name)
        {
            if (char.IsAsciiLetterUpper(letter) && text.Length > 0)
                text.Append('_');
            text.Append(char.ToLowerInvariant(letter));
        }

        return text.ToString();
    }
}
