using UserTcp.Lab.Tests.Support;

namespace UserTcp.Lab.Tests.Events;

/// <summary>The cable is pulled and plugged in again. Offloads off.</summary>
public sealed class CarrierTests
{
    private static readonly TimeSpan s_outage = TimeSpan.FromSeconds(3);

    [LabTheory]
    [InlineData("pcap")]
    [InlineData("packet")]
    public Task The_peers_interface_goes_down_for_three_seconds_in_mid_transfer(string scheme) =>
        SurviveAsync(scheme, lab => (lab.Peer, LabNetwork.PeerDevice));

    [LabTheory]
    [InlineData("pcap")]
    [InlineData("packet")]
    public Task Our_own_interface_goes_down_for_three_seconds_in_mid_transfer(string scheme) =>
        SurviveAsync(scheme, lab => (lab.Host, LabNetwork.HostDevice));

    private static async Task SurviveAsync(
        string scheme, Func<LabNetwork, (NetworkNamespace Ns, string Device)> choose)
    {
        using LabNetwork lab = LabNetwork.Create(offloads: false, scheme);
        using var patience = new Patience(90);
        await using UserTcpStack stack = await lab.OpenStackAsync();
        await using HeldTransfer transfer = await HeldTransfer.StartAsync(lab, stack, patience.Token);
        (NetworkNamespace ns, string device) = choose(lab);

        ns.Exec($"ip link set {device} down");
        Task finish = transfer.FinishAsync();
        await Task.Delay(s_outage, patience.Token);        // The event itself: nothing is waited for.
        Assert.False(finish.IsCompleted);
        ns.Exec($"ip link set {device} up");
        await finish;
        Assert.Equal(UserTcpStackState.Running, stack.State);
    }
}
