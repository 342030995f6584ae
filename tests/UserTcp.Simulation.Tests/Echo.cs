using System.IO.Pipelines;
using System.Net;
using System.Text;

namespace UserTcp.Simulation.Tests;

/// <summary>A protocol to be tested: what a client sends before its FIN comes back.</summary>
internal static class Echo
{
    public static async Task ServeAsync(UserTcpListener listener)
    {
        while (true)
        {
            UserTcpConnection connection = await listener.AcceptAsync();
            _ = AnswerAsync(connection);
        }
    }

    public static async Task<string> AskAsync(
        UserTcpStack stack, IPAddress server, string text, CancellationToken cancellationToken = default)
    {
        await using UserTcpConnection connection = await stack.ConnectAsync(server, 7, cancellationToken);
        await connection.Output.WriteAsync(Encoding.UTF8.GetBytes(text), cancellationToken);
        await connection.Output.CompleteAsync();
        return Encoding.UTF8.GetString(await ReadToEndAsync(connection.Input, cancellationToken));
    }

    private static async Task AnswerAsync(UserTcpConnection connection)
    {
        await using (connection)
        {
            byte[] bytes = await ReadToEndAsync(connection.Input, default);
            await connection.Output.WriteAsync(bytes);
            await connection.Output.CompleteAsync();
        }
    }

    private static async Task<byte[]> ReadToEndAsync(PipeReader reader, CancellationToken cancellationToken)
    {
        using var bytes = new MemoryStream();
        await reader.CopyToAsync(bytes, cancellationToken);
        return bytes.ToArray();
    }
}
