using UserTcp.Lab.Tests.Support;

namespace UserTcp.Lab.Tests.Events;

/// <summary>The interface under the stack takes smaller packets than before. Offloads off.</summary>
public sealed class MtuTests
{
    [LabTheory]
    [InlineData("pcap")]
    [InlineData("packet")]
    public async Task Our_own_interface_takes_smaller_packets_in_mid_transfer(string scheme)
    {
        using LabNetwork lab = LabNetwork.Create(offloads: false, scheme);
        using var patience = new Patience(60);
        await using UserTcpStack stack = await lab.OpenStackAsync();
        Assert.Equal(1500, stack.Link.Info.Mtu);
        do
        {
            await using HeldTransfer transfer = await HeldTransfer.StartAsync(lab, stack, patience.Token);
            lab.Host.Exec($"ip link set {LabNetwork.HostDevice} mtu 900");
            await transfer.FinishAsync();
        }
        while (stack.Link.Info.Mtu != 900); // the transfer may be over before the link has asked again
    }
}
