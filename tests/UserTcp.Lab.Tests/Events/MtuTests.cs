using UserTcp.Lab.Tests.Support;

namespace UserTcp.Lab.Tests.Events;

/// <summary>The interface under the stack takes smaller packets than before. Offloads off.</summary>
public sealed class MtuTests
{
    [LabFact]
    public async Task Our_own_interface_takes_smaller_packets_in_mid_transfer()
    {
        using LabNetwork lab = LabNetwork.Create(offloads: false);
        using var patience = new Patience(60);
        await using UserTcpStack stack = await lab.OpenStackAsync();
        await using HeldTransfer transfer = await HeldTransfer.StartAsync(lab, stack, patience.Token);
        Assert.Equal(1500, stack.Link.Info.Mtu);

        lab.Host.Exec($"ip link set {LabNetwork.HostDevice} mtu 900");
        await transfer.FinishAsync();
        Assert.Equal(900, stack.Link.Info.Mtu);
    }
}
