using System.IO.Pipelines;
using System.Net.Sockets;
using UserTcp.Lab.Tests.Peers;
using UserTcp.Lab.Tests.Support;

namespace UserTcp.Lab.Tests.Events;

/// <summary>The interface under the stack is deleted. Default offloads.</summary>
public sealed class RemovalTests
{
    [LabTheory]
    [InlineData("pcap")]
    [InlineData("packet")]
    public async Task Everybody_hears_that_the_network_is_gone_and_the_stack_says_so(string scheme)
    {
        using LabNetwork lab = LabNetwork.Create(offloads: true, scheme);
        using var patience = new Patience(60);
        await using KernelServer server = KernelServer.Start(
            lab.Peer, LabNetwork.PeerAddress, (Socket _, CancellationToken end) => Task.Delay(-1, end));
        await using UserTcpStack stack = await lab.OpenStackAsync();
        await using UserTcpConnection connection =
            await stack.ConnectAsync(server.EndPoint, null, patience.Token);
        ValueTask<ReadResult> reading = connection.Input.ReadAsync(patience.Token);

        lab.Host.Exec($"ip link delete {LabNetwork.HostDevice}");
        var error = await Assert.ThrowsAnyAsync<IOException>(() => reading.AsTask());
        Assert.Equal(SocketError.NetworkDown, Assert.IsType<SocketException>(error.InnerException).SocketErrorCode);
        Assert.Equal(UserTcpCloseReason.LinkDown, await connection.Closed);
        Assert.Equal(UserTcpStackState.Faulted, stack.State);
        var refused = await Assert.ThrowsAsync<SocketException>(
            () => stack.ConnectAsync(server.EndPoint, null, patience.Token).AsTask());
        Assert.Equal(SocketError.NetworkDown, refused.SocketErrorCode);
        Assert.Contains("'veth0' is gone", refused.Message, StringComparison.Ordinal);
    }
}
