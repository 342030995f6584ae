using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using UserTcp.Lab.Tests.Support;

namespace UserTcp.Lab.Tests.Tool;

/// <summary>The tool as a process that is left: by a terminal that is closed, or by ssh.</summary>
public sealed class HangupTests
{
    private static readonly TimeSpan s_guard = TimeSpan.FromMinutes(5);

    /// <summary>
    /// ssh ends its ProxyCommand by SIGHUP, with the pipes still open. The peer hears of the end, and does not stay
    /// ESTABLISHED.
    /// </summary>
    [LabTheory]
    [InlineData("HUP")]
    [InlineData("TERM")]
    [InlineData("INT")]
    public async Task A_signal_ends_nc_and_its_peer_hears_of_it(string signal)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using Process nc = Start(((IPEndPoint)listener.LocalEndpoint).Port);
        using Socket peer = await listener.AcceptSocketAsync().WaitAsync(s_guard);
        await peer.SendAsync("SSH-2.0-peer\r\n"u8.ToArray());
        Assert.Equal("SSH-2.0-peer", await nc.StandardOutput.ReadLineAsync().WaitAsync(s_guard));

        Shell.Run($"kill -{signal} {nc.Id}");

        SocketException error = await Assert.ThrowsAsync<SocketException>(
            () => peer.ReceiveAsync(new byte[1]).WaitAsync(s_guard));
        Assert.Equal(SocketError.ConnectionReset, error.SocketErrorCode);
        await nc.WaitForExitAsync().WaitAsync(s_guard);
        Assert.Equal(130, nc.ExitCode);
    }

    private static Process Start(int port) => Process.Start(new ProcessStartInfo("dotnet")
    {
        ArgumentList = { Path.Combine(AppContext.BaseDirectory, "UserTcp.Tool.dll"), "nc", "127.0.0.1", $"{port}" },
        RedirectStandardInput = true, RedirectStandardOutput = true,
    })!;
}
