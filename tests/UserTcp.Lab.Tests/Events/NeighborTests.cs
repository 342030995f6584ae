using System.Net;
using System.Net.Sockets;
using UserTcp.Lab.Tests.Captures;
using UserTcp.Lab.Tests.Support;
using UserTcp.Lab.Tests.Wires;
using UserTcp.Primitives;
using UserTcp.Wire;

namespace UserTcp.Lab.Tests.Events;

/// <summary>ARP and ICMP between our stack and the kernel. Offloads off.</summary>
public sealed class NeighborTests
{
    [LabFact]
    public async Task The_kernel_pings_us_and_we_ping_the_kernel()
    {
        using LabNetwork lab = LabNetwork.Create(offloads: false);
        await using UserTcpStack stack = await lab.OpenStackAsync();
        Ping.Run(lab.Peer, LabNetwork.Address(50), requests: 5);
        Ping.Run(lab.Peer, LabNetwork.Address(50), requests: 3, "-s 1472 -M do");
        UserTcpPingReply reply = await stack.PingAsync(LabNetwork.PeerAddress);
        Assert.Equal(LabNetwork.PeerAddress, reply.Address);
    }

    [LabFact]
    public async Task The_kernel_reaches_an_address_as_long_as_it_is_ours()
    {
        using LabNetwork lab = LabNetwork.Create(offloads: false);
        await using UserTcpStack stack = await lab.OpenStackAsync();
        await stack.AddAddressAsync(new UserTcpAddress(LabNetwork.Address(51), 24));
        Ping.Run(lab.Peer, LabNetwork.Address(51), requests: 3);

        Assert.True(await stack.RemoveAddressAsync(LabNetwork.Address(51)));
        Assert.NotEqual(0, lab.Peer.TryExec("ping -c 1 -W 1 10.9.0.51").ExitCode);
        Ping.Run(lab.Peer, LabNetwork.Address(50), requests: 3);
    }

    [LabFact]
    public async Task A_ping_larger_than_the_mtu_is_put_together()
    {
        using LabNetwork lab = LabNetwork.Create(offloads: false);
        await using UserTcpStack stack = await lab.OpenStackAsync();
        long before = stack.GetStatistics().FramesReceived;
        lab.Peer.TryExec("ping -c 1 -W 1 -s 4000 10.9.0.50");
        await Eventually.TrueAsync(
            () => stack.GetStatistics().FramesReceived - before >= 3, "the fragments have been looked at");
        Ping.Run(lab.Peer, LabNetwork.Address(50), requests: 2);
    }

    [LabFact]
    public async Task The_kernel_forgets_our_address_in_mid_transfer_and_learns_it_again()
    {
        using LabNetwork lab = LabNetwork.Create(offloads: false);
        using var patience = new Patience(60);
        await using UserTcpStack stack = await lab.OpenStackAsync();
        PacketCapture capture = await lab.CaptureAsync(bytesPerFrame: 128);
        await using HeldTransfer transfer = await HeldTransfer.StartAsync(lab, stack, patience.Token);

        // It may be known again at once: what is in flight is still acknowledged. The capture shows that it was asked
        // for.
        lab.Peer.Exec($"ip neigh del 10.9.0.50 dev {LabNetwork.PeerDevice}");
        await transfer.FinishAsync();

        Assert.True(IsKnown(lab, stack));
        await capture.StopAsync();
        string answers = $"arp.opcode == 2 && eth.src == {stack.MacAddress} && arp.src.proto_ipv4 == 10.9.0.50";
        Assert.InRange(Tshark.Find(capture.File, answers).Length, 2, 50);
        Tshark.AssertNone(capture.File, Tshark.Resets);
    }

    [LabFact]
    public async Task ArpProbeMidConnection()
    {
        using LabNetwork lab = LabNetwork.Create(offloads: false);
        using var patience = new Patience(60);
        await using UserTcpStack stack = await lab.OpenStackAsync();
        await using HeldTransfer transfer = await HeldTransfer.StartAsync(lab, stack, patience.Token);
        using PacketSocket wire = PacketSocket.Open(lab.Peer, LabNetwork.PeerDevice);

        foreach (MacAddress to in (MacAddress[])[MacAddress.Broadcast, stack.MacAddress])
        {
            wire.Send(ArpRequest(lab.PeerMac, LabNetwork.PeerAddress, to, LabNetwork.Address(50)));
            Assert.Equal(stack.MacAddress, NextArpReply(wire, patience.Token).SenderMac);
        }

        await transfer.FinishAsync();
    }

    [LabFact]
    public async Task An_address_of_another_station_is_not_taken()
    {
        using LabNetwork lab = LabNetwork.Create(offloads: false);
        var error = await Assert.ThrowsAsync<SocketException>(() => lab.OpenStackAsync(host: 2));
        Assert.Equal(SocketError.AddressAlreadyInUse, error.SocketErrorCode);
        Assert.Contains($"{lab.PeerMac}", error.Message, StringComparison.OrdinalIgnoreCase);
    }

    private static bool IsKnown(LabNetwork lab, UserTcpStack stack) =>
        lab.Peer.Exec("ip neigh show").Contains($"{stack.MacAddress}", StringComparison.OrdinalIgnoreCase);

    private static byte[] ArpRequest(MacAddress mac, IPAddress sender, MacAddress to, IPAddress target)
    {
        byte[] frame = new byte[EthernetHeader.Size + ArpPacket.Size];
        EthernetHeader.Write(frame, to, mac, EtherType.Arp);
        new ArpPacket(ArpOperation.Request, mac, HostAddress.From(sender), default, HostAddress.From(target))
            .WriteTo(frame.AsSpan(EthernetHeader.Size));
        return frame;
    }

    private static ArpPacket NextArpReply(PacketSocket wire, CancellationToken cancellationToken)
    {
        byte[] buffer = new byte[1 << 16];
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            int length = wire.Receive(buffer, TimeSpan.FromSeconds(1));
            if (EthernetHeader.TryParse(buffer.AsSpan(0, length), out EthernetHeader header)
                && header.EtherType == EtherType.Arp
                && ArpPacket.TryParse(header.Payload, out ArpPacket arp) && arp.Operation == ArpOperation.Reply)
                return arp;
        }
    }
}
