using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using UserTcp.Lab.Tests.Peers;
using UserTcp.Lab.Tests.Support;

namespace UserTcp.Lab.Tests.Events;

/// <summary>A process ends and disposes of nothing. Its peers hear of it all the same. Offloads off.</summary>
public sealed class ProcessExitTests
{
    [LabTheory]
    [InlineData(0)]
    [InlineData(3)]
    public async Task A_process_that_ends_resets_its_connections(byte exitCode)
    {
        using LabNetwork lab = LabNetwork.Create(offloads: false);
        using var patience = new Patience(60);
        var end = new TaskCompletionSource<SocketError>();
        await using KernelServer server = KernelServer.Start(
            lab.Peer, LabNetwork.PeerAddress, async (socket, _) =>
            {
                await socket.SendAsync(new[] { exitCode }, patience.Token);
                end.TrySetResult(await EndOfAsync(socket, patience.Token));
            });
        Process process = lab.Host.Start(
            "dotnet", "exec", typeof(Program).Assembly.Location, Program.LeaveCommand,
            server.EndPoint.Port.ToString(CultureInfo.InvariantCulture));

        Assert.Equal(SocketError.ConnectionReset, await end.Task.WaitAsync(patience.Token));
        await process.WaitForExitAsync(patience.Token);
        Assert.Equal(exitCode, process.ExitCode);
    }

    private static async Task<SocketError> EndOfAsync(Socket socket, CancellationToken cancellationToken)
    {
        try
        {
            await socket.ReceiveAsync(new byte[1], cancellationToken);
            return SocketError.Success;
        }
        catch (SocketException error)
        {
            return error.SocketErrorCode;
        }
    }
}
