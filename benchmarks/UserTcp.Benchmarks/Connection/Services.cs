using System.Buffers;
using System.IO.Pipelines;

namespace UserTcp.Benchmarks.Connection;

/// <summary>What servers of the benchmarks do with a connection, until the client ends it.</summary>
internal static class Services
{
    /// <summary>Sends back what comes.</summary>
    public static async Task EchoAsync(UserTcpConnection connection)
    {
        for (ReadResult result; !(result = await connection.Input.ReadAsync()).IsCompleted;)
        {
            foreach (ReadOnlyMemory<byte> piece in result.Buffer)
            {
                connection.Output.Write(piece.Span);
            }

            connection.Input.AdvanceTo(result.Buffer.End);
            await connection.Output.FlushAsync();
        }
    }

    /// <summary>Lets go of what comes, unseen.</summary>
    public static async Task DiscardAsync(UserTcpConnection connection)
    {
        for (ReadResult result; !(result = await connection.Input.ReadAsync()).IsCompleted;)
        {
            connection.Input.AdvanceTo(result.Buffer.End);
        }
    }

    /// <summary>Says goodbye at once, and waits for the client's.</summary>
    public static async Task CloseAsync(UserTcpConnection connection)
    {
        await connection.Output.CompleteAsync();
        await DiscardAsync(connection);
    }
}
