using UserTcp.Lab.Tests.Support;
using UserTcp.Links;
using UserTcp.Tests.Links;
using UserTcp.Tests.Support;
using static UserTcp.Lab.Tests.Links.LinkLab;

namespace UserTcp.Lab.Tests.Links;

/// <summary>Frames between the kernel end of a TAP interface and ours, and what happens to the interface.</summary>
public sealed class TapLinkTests
{
    private const byte Last = 99;

    private const LinkFeatures Offloads = LinkFeatures.TransmitChecksum | LinkFeatures.TransmitSegmentation
        | LinkFeatures.ReceiveCoalesces | LinkFeatures.ReceiveChecksumInfo;

    [LabTheory]
    [InlineData(LinkMedium.Ethernet, "tap:tap0", Offloads)]
    [InlineData(LinkMedium.Ip, "tun:tun0", Offloads | LinkFeatures.PointToPoint)]
    public void An_interface_that_does_not_exist_is_made_and_goes_with_the_link(
        LinkMedium medium, string name, LinkFeatures features)
    {
        using var lab = new TapLab(medium);
        TapLink link = lab.Open();
        Assert.Equal(
            new LinkInfo
            {
                Name = name, Mtu = 1500, Medium = medium, Features = features,
                MaxReceiveFrame = RxBatch.MaxFrameBytes,
            },
            link.Info);
        Assert.Contains("LOWER_UP", lab.Kernel.Exec($"ip link show {lab.Device}"), StringComparison.Ordinal);
        link.Dispose();
        Assert.NotEqual(0, lab.Kernel.TryExec($"ip link show {lab.Device}").ExitCode);
    }

    [LabFact]
    public void A_pattern_gets_the_first_free_name()
    {
        using var lab = new TapLab();
        using TapLink first = lab.Kernel.Run(() => TapLink.Open("lan%d"));
        using TapLink second = lab.Kernel.Run(() => TapLink.Open("lan%d"));
        Assert.Equal(("tap:lan0", "tap:lan1"), (first.Info.Name, second.Info.Name));
    }

    [LabFact]
    public void Frames_cross_whole_in_both_directions()
    {
        using var lab = new TapLab();
        using var frames = new LinkLab();
        TapLink ours = lab.Open();
        PacketSocketLink kernel = lab.OpenKernelSide(MacA);
        byte[][] sent = [Frame(MacB, MacA, 1), Frame(MacB, MacA, 2, 1514), Frame(MacAddress.Broadcast, MacA, Last, 61)];

        Assert.Equal(3, Send(kernel, sent));
        Assert.Equal(sent, frames.ReceiveUntil(ours, Last));
        byte[][] back = [Frame(MacA, MacB, 1, 1514), Frame(MacA, MacB, 2, 1515), Frame(MacA, MacB, Last)];
        Assert.Equal(3, Send(ours, back));
        Assert.Equal([back[0], back[2]], frames.ReceiveUntil(kernel, Last));
        Assert.Equal(1, ours.Statistics.TransmitDropped); // beyond the MTU
        Assert.Equal(0, ours.Statistics.ReceiveDropped);
    }

    [LabTheory]
    [InlineData(0, false)]
    [InlineData(1000, false)]
    [InlineData(0, true)]
    public void A_super_segment_stays_whole_both_ways(int split, bool inOnePiece)
    {
        using var lab = new TapLab();
        TapLink ours = lab.Open();
        var super = new SuperSegment { Payload = 44 * 1448, SegmentSize = 1448 };
        PacketSocketLink kernel = lab.OpenKernelSide(new MacAddress(super.ToBytes().AsSpan(0, MacAddress.Size)));
        TxFrame[] frames = super.AddTo(new FrameList(), split, inOnePiece).ToArray();

        Assert.Equal(1, ours.Transmit(frames));
        AssertArrives(kernel, super);
        Assert.Equal(1, kernel.Transmit(frames));
        AssertArrives(ours, super);
    }

    [LabFact]
    public void A_changed_mtu_is_learnt_by_whatever_name()
    {
        using var lab = new TapLab();
        TapLink ours = lab.Open();
        lab.Kernel.Exec("ip link set tap0 mtu 1000; ip link set tap0 down; ip link set tap0 name lan0; "
            + "ip link set lan0 up");
        while (ours.Info.Mtu != 1000) // it is asked for now and then
            Send(ours, Frame(MacB, MacA, 1));
    }

    [LabFact]
    public void An_interface_that_is_switched_off_is_survived()
    {
        using var lab = new TapLab();
        using var frames = new LinkLab();
        TapLink ours = lab.Open();
        lab.Kernel.Exec("ip link set tap0 down");
        Drain(ours);
        for (int i = 1; i <= 5; i++)
        {
            Assert.Equal(1, Send(ours, Frame(MacA, MacB, 1)));
            Assert.Equal(i, ours.Statistics.TransmitDropped);
        }

        Assert.False(ours.Wait(TimeSpan.Zero)); // quiet: a loop would sleep, not spin
        lab.Kernel.Exec("ip link set tap0 up");
        PacketSocketLink kernel = lab.OpenKernelSide(MacA);
        Send(ours, Frame(MacA, MacB, Last));
        frames.ReceiveUntil(kernel, Last);
        Send(kernel, Frame(MacB, MacA, Last));
        frames.ReceiveUntil(ours, Last);
    }

    [LabFact]
    public void An_interface_that_is_deleted_is_the_end()
    {
        using var lab = new TapLab();
        lab.MakePersistent("multi_queue");
        TapLink one = lab.Open();
        TapLink other = lab.Open();
        Drain(one);
        lab.Kernel.Exec("ip link delete tap0");
        using var batch = new RxBatch();
        Assert.True(one.Wait(Timeout.InfiniteTimeSpan));
        string message = Assert.Throws<LinkDownException>(() => one.Receive(batch)).Message;
        Assert.Contains("tap0", message, StringComparison.Ordinal);
        Assert.Throws<LinkDownException>(() => Send(other, Frame(MacB, MacA, 1)));
    }

    [LabFact]
    public void A_wake_ends_the_wait_before_and_during_it()
    {
        using var lab = new TapLab();
        TapLink ours = lab.Open();
        lab.Kernel.Exec("ip link set tap0 down");
        Drain(ours);
        LinkContract.WakeEndsTheWait(ours);
    }

    [LabFact]
    public void A_batch_that_was_too_small_does_not_put_the_loop_to_sleep()
    {
        using var lab = new TapLab();
        TapLink ours = lab.Open();
        LinkContract.SmallBatchesGoOn(lab.OpenKernelSide(MacA), ours);
    }

    [LabFact]
    public void Frames_cost_no_allocation()
    {
        using var lab = new TapLab();
        TapLink ours = lab.Open();
        var super = new SuperSegment { Payload = 44 * 1448, SegmentSize = 1448 };
        PacketSocketLink kernel = lab.OpenKernelSide(new MacAddress(super.ToBytes().AsSpan(0, MacAddress.Size)));
        TxFrame[] frames = super.AddTo(super.AddTo(new FrameList(), 1000)).ToArray();
        using var batch = new RxBatch();
        Exchange();
        Allocation.IsNone(Exchange, rounds: 200);

        void Exchange()
        {
            ours.Transmit(frames);
            kernel.Transmit(frames);
            batch.Clear();
            ours.Receive(batch);
            batch.Clear();
            kernel.Receive(batch);
        }
    }

    private static void AssertArrives(LinkDevice link, SuperSegment super)
    {
        byte[] expected = super.ToBytes();
        using var batch = new RxBatch();
        while (true)
        {
            Assert.True(link.Wait(TimeSpan.FromSeconds(20)));
            batch.Clear();
            link.Receive(batch);
            for (int i = 0; i < batch.Count; i++)
            {
                RxFrame frame = batch[i];
                if (!frame.Bytes.SequenceEqual(expected))
                    continue; // the system's own

                Assert.Equal(
                    (true, SegmentationOffload.TcpV4, super.Offload.SegmentSize, super.Offload.ChecksumStart, (ushort)16),
                    (frame.Offload.IsChecksumPartial, frame.Offload.Segmentation, frame.Offload.SegmentSize,
                        frame.Offload.ChecksumStart, frame.Offload.ChecksumOffset));
                return;
            }
        }
    }
}
