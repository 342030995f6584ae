using System.Net;
using System.Security.Cryptography;
using UserTcp.Lab.Tests.Captures;
using UserTcp.Lab.Tests.Peers;
using UserTcp.Lab.Tests.Support;
using UserTcp.Lab.Tests.Traffic;

namespace UserTcp.Lab.Tests.Events;

/// <summary>A router whose next link carries less than ours, and says so (RFC 1191). Offloads off.</summary>
public sealed class PathMtuTests
{
    private const int NarrowMtu = 1300;
    private static readonly IPAddress s_far = IPAddress.Parse("10.8.0.2");
    private static readonly Page s_page = new(3_000_000, seed: 7500);

    [LabFact]
    public async Task An_upload_behind_a_narrow_link_is_complete_and_its_segments_fit()
    {
        using LabNetwork lab = LabNetwork.Create(offloads: false);
        using NetworkNamespace far = NetworkNamespace.Create("far");
        JoinByNarrowLink(lab, far);
        using var patience = new Patience(60);
        var received = new TaskCompletionSource<string>();
        await using KernelServer server = KernelServer.Start(far, s_far, async (socket, cancellationToken) =>
        {
            byte[] bytes = await KernelClient.ReadToEndAsync(socket, cancellationToken);
            received.SetResult(Convert.ToHexString(SHA256.HashData(bytes)));
        });
        PacketCapture capture = await lab.CaptureAsync(bytesPerFrame: 128);
        await using UserTcpStack stack = await lab.OpenStackAsync(configure: o => o.Gateway = LabNetwork.PeerAddress);
        await using UserTcpConnection connection = await stack.ConnectAsync(server.EndPoint, null, patience.Token);
        await connection.Output.WriteAsync(s_page.Bytes, patience.Token);
        connection.ShutdownOutput();

        Assert.Equal(s_page.Hash, await received.Task.WaitAsync(patience.Token));
        Assert.InRange(connection.GetInfo().SendSegmentSize, 1, NarrowMtu - 40);
        await capture.StopAsync();
        AssertLearnt(capture.File, stack.MacAddress);
    }

    // The far interface keeps its MTU, so that the MSS option tells nothing of the narrow link.
    private static void JoinByNarrowLink(LabNetwork lab, NetworkNamespace far)
    {
        VethPair.Create(lab.Peer, far, "far0", "far1", "10.8.0.1/24", $"{s_far}/24", offloads: false);
        lab.Peer.Exec($"ip link set far0 mtu {NarrowMtu}; echo 1 > /proc/sys/net/ipv4/ip_forward");
        far.Exec("ip route add default via 10.8.0.1");
    }

    // The router complains about what was under way, and never again.
    private static void AssertLearnt(string file, MacAddress mac)
    {
        Assert.NotEmpty(Tshark.Find(file, $"icmp.type == 3 && icmp.code == 4 && eth.dst == {mac}"));
        int tooLong = Tshark.Find(file, $"eth.src == {mac} && ip.len > {NarrowMtu}").Length;
        int all = Tshark.Find(file, $"eth.src == {mac} && tcp.len > 0").Length;
        Assert.InRange(tooLong, 1, 20);
        Assert.InRange(all, s_page.Bytes.Length / NarrowMtu, int.MaxValue);
    }
}
