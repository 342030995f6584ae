using UserTcp;

namespace TestWithSimulatedNetwork;

/// <summary>The other side: a line with an article comes in, a line with its price goes out.</summary>
public static class PriceServer
{
    /// <summary>The port.</summary>
    public const int Port = 4711;

    /// <summary>Serves until the listener is disposed of.</summary>
    public static async Task ServeAsync(UserTcpListener listener)
    {
        await foreach (UserTcpConnection connection in listener.AcceptAllAsync())
        {
            _ = AnswerAsync(connection);
        }
    }

    private static async Task AnswerAsync(UserTcpConnection connection)
    {
        await using (connection)
        {
            using var reader = new StreamReader(connection.AsStream(leaveOpen: true));
            try
            {
                if (await reader.ReadLineAsync() is { } article)
                    await connection.Output.WriteAsync(System.Text.Encoding.UTF8.GetBytes($"{article}: 42\n"));
                await connection.Output.CompleteAsync();
            }
            catch (IOException)
            {
                // The client lost its patience: it asks again on another connection.
            }
        }
    }
}
