using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using UserTcp.Lab.Tests.Peers;
using UserTcp.Lab.Tests.Support;
using UserTcp.Lab.Tests.Traffic;

namespace UserTcp.Lab.Tests.Events;

/// <summary>
/// A transfer from our listener to the kernel that stops where the reader stops: so that something can happen in the
/// middle of it, and never before or after.
/// </summary>
internal sealed class HeldTransfer : IAsyncDisposable
{
    private const int FirstPart = 4_000_000;

    // Left alone, the kernel may make room for the whole page, and would be the reader that goes on.
    private const int KernelBuffer = 1 << 20;
    private static readonly Page s_page = new(24_000_000, seed: 7000);
    private readonly UserTcpServer _server;
    private readonly Socket _socket;
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly CancellationToken _cancellationToken;

    private HeldTransfer(UserTcpServer server, Socket socket, CancellationToken cancellationToken)
    {
        _server = server;
        _socket = socket;
        _cancellationToken = cancellationToken;
    }

    /// <summary>Starts a transfer and reads the first sixth of it.</summary>
    public static async Task<HeldTransfer> StartAsync(
        LabNetwork lab, UserTcpStack stack, CancellationToken cancellationToken)
    {
        UserTcpServer server = await UserTcpServer.StartAsync(stack, 80, async (connection, token) =>
        {
            await connection.Output.WriteAsync(s_page.Bytes, token);
            await connection.CloseAsync(token);
        });
        Socket socket =
            KernelClient.Connect(lab.Peer, new IPEndPoint(stack.Addresses[0].Address, 80), KernelBuffer);
        var transfer = new HeldTransfer(server, socket, cancellationToken);
        transfer._hash.AppendData(await KernelClient.ReadExactlyAsync(socket, FirstPart, cancellationToken));
        return transfer;
    }

    /// <summary>Reads the rest, to the FIN, and compares all.</summary>
    public async Task FinishAsync()
    {
        _hash.AppendData(await KernelClient.ReadToEndAsync(_socket, _cancellationToken));
        Assert.Equal(s_page.Hash, Convert.ToHexString(_hash.GetHashAndReset()));
        Assert.Empty(_server.Failures);
    }

    public async ValueTask DisposeAsync()
    {
        _socket.Dispose();
        _hash.Dispose();
        await _server.DisposeAsync();
    }
}
