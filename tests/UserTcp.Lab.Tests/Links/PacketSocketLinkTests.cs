using UserTcp.Lab.Tests.Support;
using UserTcp.Links;
using UserTcp.Tests.Links;
using UserTcp.Tests.Support;
using static UserTcp.Lab.Tests.Links.LinkLab;

namespace UserTcp.Lab.Tests.Links;

public sealed class PacketSocketLinkTests
{
    private const byte Last = 99;

    [LabTheory]
    [InlineData(false)]
    [InlineData(true)]
    public void Frames_cross_the_cable_whole_in_both_directions(bool offloads)
    {
        using var lab = new LinkLab(offloads);
        PacketSocketLink a = lab.OpenPacketA();
        PacketSocketLink b = lab.OpenPacketB();
        byte[][] sent = [Frame(MacB, MacA, 1), Frame(MacB, MacA, 2, 1514), Frame(MacAddress.Broadcast, MacA, Last, 61)];

        Assert.Equal(3, Send(a, sent));
        Assert.Equal(sent, lab.ReceiveUntil(b, Last));
        Assert.Equal(1, Send(b, Frame(MacA, MacB, Last)));
        Assert.Equal([Frame(MacA, MacB, Last)], lab.ReceiveUntil(a, Last));
        Assert.Equal(default, a.Statistics);
        Assert.Null(a.Warning);
    }

    [LabFact]
    public void More_frames_than_a_call_takes_arrive_in_order_but_for_one_that_is_too_long()
    {
        using var lab = new LinkLab();
        PacketSocketLink a = lab.OpenPacketA();
        PacketSocketLink b = lab.OpenPacketB();
        byte[][] sent = [.. Enumerable.Range(1, 150).Select(i => Frame(MacB, MacA, (byte)i, 60 + i))];
        byte[][] tooLong = [.. sent[..70], Frame(MacB, MacA, 200, 1515), new byte[65_551], .. sent[70..]];

        Assert.Equal(152, Send(a, tooLong));
        Assert.Equal(sent, lab.ReceiveUntil(b, 150));
        Assert.Equal(2, a.Statistics.TransmitDropped);
    }

    [LabFact]
    public void Only_frames_for_the_stack_everybody_and_groups_arrive()
    {
        using var lab = new LinkLab();
        PacketSocketLink a = lab.OpenPacketA();
        PacketSocketLink b = lab.OpenPacketB();
        MacAddress group = MacAddress.Parse("01:00:5e:00:00:01");
        MacAddress[] others = [MacA, MacAddress.Parse("02:00:00:00:00:0c"), MacAddress.Parse("00:02:00:00:00:0b")];
        byte[] own = Frame(MacAddress.Broadcast, MacB, 4); // somebody repeats what B has sent
        Send(a, [.. others.Select(to => Frame(to, MacA, 1)), own]);
        Send(a, Frame(group, MacA, 2), Frame(MacB, MacAddress.Parse("02:01:00:00:00:0b"), 3), Frame(MacB, MacA, Last));

        Assert.Equal([2, 3, Last], lab.ReceiveUntil(b, Last).Select(f => f[14]));
        Assert.Equal(0, b.Statistics.ReceiveDropped);
    }

    [LabFact]
    public void Frames_of_a_vlan_do_not_arrive_as_if_they_were_of_none()
    {
        using var lab = new LinkLab();
        PacketSocketLink a = lab.OpenPacketA();
        PacketSocketLink b = lab.OpenPacketB();
        Send(a, Tagged(vlan: 5, mark: 1), Tagged(vlan: 0, mark: 2), Frame(MacB, MacA, Last));

        Assert.Equal([2, Last], lab.ReceiveUntil(b, Last).Select(f => f[14]));
    }

    [LabFact]
    public void A_foreign_address_is_received_for_as_long_as_the_link_lives()
    {
        using var lab = new LinkLab();
        PacketSocketLink a = lab.OpenPacketA();
        PacketSocketLink b = lab.OpenPacketB();
        Send(b, Frame(MacA, MacB, Last));
        lab.ReceiveUntil(a, Last);
        Assert.Contains("promiscuity 1", lab.A.Exec("ip -d link show veth0"), StringComparison.Ordinal);
        a.Dispose();
        Assert.Contains("promiscuity 0", lab.A.Exec("ip -d link show veth0"), StringComparison.Ordinal);

        MacAddress card = lab.OpenPacketA(new PacketSocketLinkOptions { Promiscuous = false }).Info.MacAddress!.Value;
        lab.OpenPacketA(mac: card);
        Assert.Contains("promiscuity 0", lab.A.Exec("ip -d link show veth0"), StringComparison.Ordinal);
        lab.OpenPacketA(new PacketSocketLinkOptions { Promiscuous = true }, mac: card);
        Assert.Contains("promiscuity 1", lab.A.Exec("ip -d link show veth0"), StringComparison.Ordinal);
    }

    [LabFact]
    public void The_interface_is_described_as_the_system_knows_it()
    {
        using var lab = new LinkLab();
        lab.A.Exec("ip link set veth0 mtu 1400 address 02:11:22:33:44:55");
        Assert.Equal(
            new LinkInfo
            {
                Name = "packet:veth0",
                Mtu = 1400,
                MacAddress = MacAddress.Parse("02:11:22:33:44:55"),
                Medium = LinkMedium.Ethernet,
                Features = LinkFeatures.TransmitChecksum | LinkFeatures.TransmitSegmentation
                    | LinkFeatures.ReceiveCoalesces | LinkFeatures.ReceiveChecksumInfo,
                MaxReceiveFrame = RxBatch.MaxFrameBytes,
            },
            lab.OpenPacketA().Info);
    }

    [LabTheory]
    [InlineData(0, false)]
    [InlineData(1000, false)]
    [InlineData(0, true)]
    public void A_super_segment_stays_whole_where_the_cable_carries_it(int split, bool inOnePiece)
    {
        using var lab = new LinkLab(offloads: true);
        PacketSocketLink a = lab.OpenPacketA();
        PacketSocketLink b = lab.OpenPacketB(mac: SuperMac);
        var super = new SuperSegment { Payload = 44 * 1448, SegmentSize = 1448 };
        Assert.Equal(1, a.Transmit(super.AddTo(new FrameList(), split, inOnePiece).ToArray()));

        RxFrame frame = ReceiveOne(b, out RxBatch batch);
        using (batch)
        {
            Assert.Equal(super.ToBytes(), frame.Bytes.ToArray());
            Assert.Equal(
                (true, SegmentationOffload.TcpV4, super.Offload.SegmentSize, super.Offload.ChecksumStart, (ushort)16),
                (frame.Offload.IsChecksumPartial, frame.Offload.Segmentation, frame.Offload.SegmentSize,
                    frame.Offload.ChecksumStart, frame.Offload.ChecksumOffset));
        }
    }

    [LabFact]
    public void A_super_segment_is_cut_and_summed_by_the_system_where_the_cable_does_not()
    {
        using var lab = new LinkLab(offloads: false);
        PacketSocketLink a = lab.OpenPacketA();
        PacketSocketLink b = lab.OpenPacketB(mac: SuperMac);
        var super = new SuperSegment { Payload = 44 * 1448 - 7, SegmentSize = 1448, Flags = 0x18 };
        Assert.Equal(1, a.Transmit(super.AddTo(new FrameList(), 5000).ToArray()));

        List<byte[]> expected = super.Cut();
        var received = new List<byte[]>();
        using var batch = new RxBatch();
        while (received.Count < expected.Count)
        {
            Assert.True(b.Wait(TimeSpan.FromSeconds(20)), $"Only {received.Count} of {expected.Count} segments arrived.");
            batch.Clear();
            b.Receive(batch);
            for (int i = 0; i < batch.Count; i++)
            {
                Assert.Equal(SegmentationOffload.None, batch[i].Offload.Segmentation);
                Assert.False(batch[i].Offload.IsChecksumPartial);
                received.Add(batch[i].Bytes.ToArray());
            }
        }

        Assert.Equal(expected, received);
    }

    [LabFact]
    public void What_overflows_the_buffer_is_counted_to_the_frame()
    {
        const int Frames = 5000;
        using var lab = new LinkLab();
        PacketSocketLink a = lab.OpenPacketA();
        PacketSocketLink b = lab.OpenPacketB(new PacketSocketLinkOptions { ReceiveBufferBytes = 64 << 10 });
        long Lost() => a.Statistics.TransmitDropped + b.Statistics.ReceiveDropped;
        SendAll(a, [.. Enumerable.Repeat(Frame(MacB, MacA, 1, 1000), Frames)]);

        int received = DrainUntil(b, Frames, Lost);
        Assert.InRange(received, 1, Frames - 1);
        Assert.NotEqual(0, b.Statistics.ReceiveDropped);
        Assert.Equal(Frames, received + Lost());
        b.Dispose();
        Assert.Equal(Frames, received + Lost()); // still known afterwards
    }

    [LabFact]
    public void Two_links_on_one_interface_hear_the_peer_and_not_one_another()
    {
        using var lab = new LinkLab();
        MacAddress other = MacAddress.Parse("02:00:00:00:00:0c");
        LinkContract.TwoHearThePeerOnly(
            lab, lab.OpenPacketA(), lab.OpenPacketA(mac: other), other, lab.OpenPacketB());
    }

    [LabFact]
    public void What_the_own_host_sends_is_not_heard()
    {
        using var lab = new LinkLab();
        PacketSocketLink a = lab.OpenPacketA();
        PacketSocketLink b = lab.OpenPacketB();
        lab.A.Exec("ip address add 10.9.0.1/24 dev veth0");
        lab.A.Exec("bash -c 'echo > /dev/udp/10.9.0.9/9'"); // makes the kernel ask for the address
        using RxBatch heard = ReceiveBatch(b);
        Assert.Equal(0x06, heard[0].Bytes[13]); // ARP: the peer hears it
        Send(b, Frame(MacAddress.Broadcast, MacB, Last));
        using RxBatch batch = ReceiveBatch(a);

        Assert.Equal(1, batch.Count);
        Assert.Equal(Last, batch[0].Bytes[14]);
    }

    [LabFact]
    public void Sending_and_receiving_allocate_nothing()
    {
        using var lab = new LinkLab(offloads: true);
        PacketSocketLink a = lab.OpenPacketA();
        PacketSocketLink b = lab.OpenPacketB(mac: SuperMac);
        var super = new SuperSegment { Payload = 44 * 1448, SegmentSize = 1448 };
        TxFrame[] frames = super.AddTo(super.AddTo(new FrameList(), 1000)).ToArray();
        TxFrame[] one = frames[..1];
        using var batch = new RxBatch();
        Exchange();
        Allocation.IsNone(Exchange, rounds: 200);

        void Exchange()
        {
            int sent = a.Transmit(frames) + a.Transmit(one);
            for (int received = 0; received < sent;)
            {
                b.Wait(TimeSpan.FromSeconds(20));
                batch.Clear();
                received += b.Receive(batch);
            }

            b.Receive(batch); // and once for nothing
        }
    }

    private static MacAddress SuperMac { get; } = new(new SuperSegment().ToBytes().AsSpan(0, MacAddress.Size));

    private static byte[] Tagged(int vlan, byte mark)
    {
        byte[] plain = Frame(MacB, MacA, mark);
        return [.. plain[..12], 0x81, 0x00, (byte)(vlan >> 8), (byte)vlan, .. plain[12..]];
    }

    private static RxFrame ReceiveOne(PacketSocketLink link, out RxBatch batch)
    {
        batch = ReceiveBatch(link);
        Assert.Equal(1, batch.Count);
        return batch[0];
    }

    private static RxBatch ReceiveBatch(PacketSocketLink link)
    {
        var batch = new RxBatch();
        Assert.True(link.Wait(TimeSpan.FromSeconds(20)));
        link.Receive(batch);
        return batch;
    }
}
