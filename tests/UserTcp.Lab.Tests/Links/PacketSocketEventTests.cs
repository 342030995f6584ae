using UserTcp.Lab.Tests.Support;
using UserTcp.Links;
using UserTcp.Tests.Links;
using static UserTcp.Lab.Tests.Links.LinkLab;

namespace UserTcp.Lab.Tests.Links;

/// <summary>What happens to an interface under a packet socket, and waiting for it.</summary>
public sealed class PacketSocketEventTests
{
    private const byte Last = 99;

    [LabFact]
    public void A_full_send_buffer_holds_frames_back_and_the_wait_ends_when_there_is_room()
    {
        using var lab = new LinkLab();
        lab.A.Exec(SlowCard("8kbit")); // a frame in a second: it does not keep up, whoever stands still meanwhile
        PacketSocketLink a = lab.OpenPacketA(new PacketSocketLinkOptions { SendBufferBytes = 64 << 10 });
        PacketSocketLink b = lab.OpenPacketB();
        byte[][] frames = [.. Enumerable.Range(1, 250).Select(i => Frame(MacB, MacA, (byte)i, 1000))];

        int sent = Send(a, frames);
        Assert.InRange(sent, 1, 249);
        lab.A.Exec(SlowCard("8mbit"));
        while (sent < 250)
        {
            Assert.True(a.Wait(TimeSpan.FromSeconds(20)));
            sent += Send(a, frames[sent..]);
        }

        Assert.Equal(frames, lab.ReceiveUntil(b, 250));
        Assert.False(a.Wait(TimeSpan.Zero)); // with nothing held back, room is no news
        Assert.Equal(0, a.Statistics.TransmitDropped);
    }

    [LabFact]
    public void Frames_beyond_the_mtu_are_counted_and_a_changed_mtu_is_learnt()
    {
        using var lab = new LinkLab();
        PacketSocketLink a = lab.OpenPacketA();
        lab.A.Exec("ip link set veth0 mtu 1000");

        Assert.Equal(1, Send(a, Frame(MacB, MacA, 1, 1100)));
        Assert.Equal(1, a.Statistics.TransmitDropped);
        Assert.Equal(1000, a.Info.Mtu);
    }

    [LabFact]
    public void A_changed_mtu_is_learnt_from_a_super_segment_that_nobody_objects_to()
    {
        using var lab = new LinkLab(offloads: true);
        PacketSocketLink a = lab.OpenPacketA();
        lab.A.Exec("ip link set veth0 mtu 1000; ip link set veth0 down; ip link set veth0 name lan0; "
            + "ip link set lan0 up");
        a.Transmit(new SuperSegment().AddTo(new FrameList()).ToArray());
        Assert.Equal(1000, a.Info.Mtu); // by whatever name
    }

    [LabFact]
    public void A_lost_carrier_is_survived()
    {
        using var lab = new LinkLab();
        PacketSocketLink a = lab.OpenPacketA();
        PacketSocketLink b = lab.OpenPacketB();
        lab.B.Exec("ip link set veth1 down");
        using var batch = new RxBatch();
        for (int i = 0; i < 5; i++)
        {
            Assert.Equal(0, b.Receive(batch));
            Assert.Equal(1, Send(b, Frame(MacA, MacB, 1)));
        }

        Assert.False(b.Wait(TimeSpan.Zero)); // quiet: a loop would sleep, not spin
        Assert.Equal(5, b.Statistics.TransmitDropped);
        lab.B.Exec("ip link set veth1 up");
        lab.Cable.WaitForCarrier();
        Send(a, Frame(MacB, MacA, Last));
        lab.ReceiveUntil(b, Last);
        Send(b, Frame(MacA, MacB, Last));
        lab.ReceiveUntil(a, Last);
    }

    [LabTheory]
    [InlineData("ip link delete veth0")]
    [InlineData("ip link set veth0 netns 1")]
    [InlineData("ip link delete veth0 && ip link add veth0 type veth peer name veth9 && ip link set veth0 up")]
    public void An_interface_that_is_deleted_or_moved_away_is_the_end(string command)
    {
        using var lab = new LinkLab();
        PacketSocketLink a = lab.OpenPacketA();
        PacketSocketLink c = lab.OpenPacketA();
        string name = $"ut{Environment.ProcessId}"; // it may be moved among the machine's own
        lab.A.Exec($"ip link set veth0 down && ip link set veth0 name {name} && ip link set {name} up");
        using var batch = new RxBatch();
        Drain(a);
        try
        {
            lab.A.Exec(command.Replace("veth0", name, StringComparison.Ordinal));
            Assert.True(a.Wait(Timeout.InfiniteTimeSpan));
            string message = Assert.Throws<LinkDownException>(() => a.Receive(batch)).Message;
            Assert.Contains("veth0", message, StringComparison.Ordinal);
            Assert.Throws<LinkDownException>(() => Send(c, Frame(MacB, MacA, 1)));
        }
        finally
        {
            Shell.TryRun($"ip link delete {name}");
        }
    }

    [LabFact]
    public void A_wake_ends_the_wait_before_and_during_it()
    {
        using var lab = new LinkLab();
        LinkContract.WakeEndsTheWait(lab.OpenPacketA());
    }

    [LabFact]
    public void A_batch_that_was_too_small_does_not_put_the_loop_to_sleep()
    {
        using var lab = new LinkLab();
        PacketSocketLink b = lab.OpenPacketB();
        LinkContract.SmallBatchesGoOn(lab.OpenPacketA(), b);
        Assert.False(b.Wait(TimeSpan.Zero));
    }

    private static string SlowCard(string rate) =>
        $"tc qdisc replace dev veth0 root tbf rate {rate} burst 20000 limit 10000000";
}
