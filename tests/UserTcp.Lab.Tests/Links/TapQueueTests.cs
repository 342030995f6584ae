using UserTcp.Lab.Tests.Support;
using UserTcp.Links;
using UserTcp.Tests.Links;
using UserTcp.Wire;
using static UserTcp.Lab.Tests.Links.LinkLab;

namespace UserTcp.Lab.Tests.Links;

/// <summary>Several queues of a TAP interface.</summary>
public sealed class TapQueueTests
{
    private const int Flows = 24;
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(60);

    [LabFact]
    public void The_system_sends_each_flow_to_the_queue_that_it_came_from()
    {
        using var lab = new TapLab();
        TapLink ours = lab.Open(multiQueue: true);
        IReadOnlyList<LinkDevice> queues = ours.OpenQueues(3); // in another namespace than this thread's
        Assert.Equal(3, queues.Count);
        Assert.Same(ours, queues[0]);
        PacketSocketLink kernel = lab.OpenKernelSide(MacA);
        for (int flow = 0; flow < Flows; flow++)
            Assert.Equal(1, queues[flow % 3].Transmit([FlowFrame.Create(flow, 0, MacA, MacB)]));
        Receive(kernel, Flows); // the system has learnt

        for (int flow = 0; flow < Flows; flow++)
            Assert.Equal(1, kernel.Transmit([FlowFrame.Create(flow, 1, MacB, MacA)]));
        for (int i = 0; i < 3; i++)
        {
            Assert.Equal(
                Enumerable.Range(0, Flows).Where(flow => flow % 3 == i), Receive(queues[i], Flows / 3).Order());
        }
    }

    [LabTheory]
    [InlineData(LinkMedium.Ethernet)]
    [InlineData(LinkMedium.Ip)]
    public void An_interface_with_a_single_queue_falls_back_to_it(LinkMedium medium)
    {
        using var lab = new TapLab(medium);
        lab.MakePersistent();
        TapLink ours = lab.Open();
        Assert.Equal([ours], ours.OpenQueues(3));
        Assert.Equal(3, QueueSharing.Of(ours, 3).Length);
        using var batch = new RxBatch();
        ours.Receive(batch);
        Assert.Equal(0, ours.Transmit([]));
    }

    [LabTheory]
    [InlineData(1, null, 1)]
    [InlineData(3, null, 3)]
    [InlineData(3, "", 1)]
    [InlineData(1, "multi_queue", 3)]
    [InlineData(3, "multi_queue", 3)]
    public void An_interface_is_made_as_the_stack_needs_it_and_else_taken_as_it_is(
        int wanted, string? existing, int opened)
    {
        using var lab = new TapLab();
        if (existing is not null)
            lab.MakePersistent(existing);
        using LinkDevice link = lab.Kernel.Run(() => LinkNames.Open("tap:tap0", wanted));
        Assert.Equal(opened, link.OpenQueues(3).Count);
    }

    [LabTheory]
    [InlineData(1, false)]
    [InlineData(3, true)]
    public async Task A_stack_makes_a_tap_with_a_queue_for_each_shard(int shards, bool hasQueues)
    {
        using var lab = new TapLab();
        var options = new UserTcpStackOptions { LinkName = "tap:tap0", Shards = shards };
        options.Addresses.Add(new UserTcpAddress(TapLab.OurAddress, 24));
        await using UserTcpStack stack = await lab.Kernel.Run(() => UserTcpStack.OpenAsync(options).AsTask());
        string details = lab.Kernel.Exec("ip -d link show tap0");
        Assert.Equal(hasQueues, details.Contains($"multi_queue numqueues {shards}", StringComparison.Ordinal));
    }

    [LabTheory]
    [InlineData(false)]
    [InlineData(true)]
    public void Queues_that_are_not_used_any_more_get_nothing(bool bySteering)
    {
        using var lab = new TapLab();
        TapLink ours = lab.Open(multiQueue: true);
        Assert.Equal(4, ours.OpenQueues(4).Count);
        if (bySteering)
            ours.Steer(new Steering(1, 7)); // a stack with one shard does not ask for queues
        else
            Assert.Equal([ours], ours.OpenQueues(1));
        PacketSocketLink kernel = lab.OpenKernelSide(MacA);
        for (int flow = 0; flow < Flows; flow++)
            Assert.Equal(1, kernel.Transmit([FlowFrame.Create(flow, 1, MacB, MacA)]));

        Assert.Equal(Enumerable.Range(0, Flows), Receive(ours, Flows).Order());
        Assert.Equal(2, ours.OpenQueues(2).Count);
    }

    [LabFact]
    public void A_renamed_interface_gets_further_queues_and_goes_with_the_first()
    {
        using var lab = new TapLab();
        TapLink ours = lab.Open(multiQueue: true);
        lab.Kernel.Exec("ip link set tap0 down; ip link set tap0 name lan0; ip link set lan0 up");
        IReadOnlyList<LinkDevice> queues = ours.OpenQueues(2);
        Assert.Equal(2, queues.Count);
        using PacketSocketLink kernel = lab.Kernel.Run(() => PacketSocketLink.Open("lan0"));
        kernel.SetReceiveAddress(MacA);
        queues[1].Transmit([FlowFrame.Create(7, 0, MacA, MacB)]);
        Assert.Equal([7], Receive(kernel, 1));
        Send(queues[1], Frame(MacA, MacB, 9, 1600));
        Assert.Equal(1, ours.Statistics.TransmitDropped); // beyond the MTU
        queues[1].Dispose();
        Assert.Equal(0, queues[1].Transmit([]));

        ours.Dispose();
        Assert.Throws<ObjectDisposedException>(() => queues[1].Transmit([]));
        Assert.NotEqual(0, lab.Kernel.TryExec("ip link show lan0").ExitCode);
        queues[1].Wake();
    }

    /// <summary>So many frames of flows; the system's own are left out.</summary>
    private static List<int> Receive(LinkDevice link, int count)
    {
        var flows = new List<int>();
        using var batch = new RxBatch();
        while (flows.Count < count)
        {
            Assert.True(link.Wait(s_limit), $"{flows.Count} of {count} frames have arrived.");
            batch.Clear();
            link.Receive(batch);
            for (int i = 0; i < batch.Count; i++)
            {
                if (FlowFrame.Is(batch[i].Bytes))
                    flows.Add(FlowFrame.Read(batch[i].Bytes).Flow);
            }
        }

        return flows;
    }
}
