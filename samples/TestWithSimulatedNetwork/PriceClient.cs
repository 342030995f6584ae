using System.Net;
using System.Net.Sockets;
using UserTcp;

namespace TestWithSimulatedNetwork;

/// <summary>
/// The code under test, as an application has it: asks a server for a price, gives it up after a while and tries again.
/// </summary>
/// <param name="stack">Whose connections it uses.</param>
/// <param name="time">Its clock: the simulation's in tests, the system's otherwise.</param>
public sealed class PriceClient(UserTcpStack stack, TimeProvider time)
{
    private const int Tries = 5;
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(10);

    /// <summary>How often it had to ask.</summary>
    public int Asked { get; private set; }

    /// <exception cref="IOException">Nobody answered, however often it asked.</exception>
    public async Task<string> AskAsync(IPAddress server, string article)
    {
        for (int i = 0; i < Tries; i++)
        {
            Asked++;
            using var patience = new CancellationTokenSource(s_patience, time);
            try
            {
                return await AskOnceAsync(server, article, patience.Token);
            }
            catch (Exception e) when (e is IOException or SocketException or OperationCanceledException)
            {
                await Task.Delay(TimeSpan.FromSeconds(1 << i), time);
            }
        }

        throw new IOException($"{server} gave no price for {article} in {Tries} tries.");
    }

    private async Task<string> AskOnceAsync(IPAddress server, string article, CancellationToken cancellationToken)
    {
        await using UserTcpConnection connection =
            await stack.ConnectAsync(server, PriceServer.Port, cancellationToken);
        await using Stream stream = connection.AsStream(leaveOpen: true);
        using var writer = new StreamWriter(stream, leaveOpen: true);
        await writer.WriteLineAsync(article.AsMemory(), cancellationToken);
        await writer.FlushAsync(cancellationToken);
        using var reader = new StreamReader(stream, leaveOpen: true);
        return await reader.ReadLineAsync(cancellationToken)
            ?? throw new IOException("The server closed the connection without an answer.");
    }
}
