using System.Net;
using UserTcp;

namespace VirtualLan;

/// <summary>What the hosts say to each other.</summary>
internal static class Traffic
{
    /// <summary>Serves everybody who connects, until the listener is disposed of.</summary>
    public static async Task EchoAllAsync(UserTcpListener listener)
    {
        var clients = new List<Task>();
        await foreach (UserTcpConnection connection in listener.AcceptAllAsync())
        {
            clients.Add(EchoAsync(connection));
        }

        await Task.WhenAll(clients);
    }

    /// <summary>Sends bytes, and counts what comes back.</summary>
    public static async Task<long> AskAsync(UserTcpStack client, IPAddress server, int bytes)
    {
        await using UserTcpConnection connection = await client.ConnectAsync(server, 7);
        Task write = WriteAsync(connection, bytes);
        await connection.Input.CopyToAsync(Stream.Null);
        await write;
        await connection.CloseAsync();
        return connection.GetInfo().BytesReceived;
    }

    private static async Task EchoAsync(UserTcpConnection connection)
    {
        await using (connection)
        {
            await connection.Input.CopyToAsync(connection.Output);
            await connection.CloseAsync();
        }
    }

    private static async Task WriteAsync(UserTcpConnection connection, int bytes)
    {
        await connection.Output.WriteAsync(new byte[bytes]);
        await connection.Output.CompleteAsync();
    }
}
