using UserTcp.Lab.Tests.Support;
using UserTcp.Links;
using static UserTcp.Lab.Tests.Links.LinkLab;

namespace UserTcp.Lab.Tests.Links;

public sealed class PcapLinkTests
{
    private const byte Last = 99;

    [LabFact]
    public void Frames_cross_the_cable_whole_in_both_directions()
    {
        using var lab = new LinkLab();
        PcapLink a = lab.OpenA();
        PcapLink b = lab.OpenB();
        byte[][] sent = [Frame(MacB, MacA, 1), Frame(MacB, MacA, 2, 1514), Frame(MacAddress.Broadcast, MacA, Last, 61)];

        Assert.Equal(3, Send(a, sent));
        Assert.Equal(sent, lab.ReceiveUntil(b, Last));
        Assert.Equal(1, Send(b, Frame(MacA, MacB, Last)));
        Assert.Equal([Frame(MacA, MacB, Last)], lab.ReceiveUntil(a, Last));
        Assert.Equal(default, a.Statistics);
        Assert.Null(a.Warning);
    }

    [LabFact]
    public void Only_frames_for_the_stack_everybody_and_groups_arrive()
    {
        using var lab = new LinkLab();
        PcapLink a = lab.OpenA();
        PcapLink b = lab.OpenB();
        MacAddress group = MacAddress.Parse("01:00:5e:00:00:01");
        byte[] own = Frame(MacAddress.Broadcast, MacB, 4); // somebody repeats what B has sent
        Send(a, Frame(MacA, MacA, 1), Frame(group, MacA, 2), Frame(MacB, MacA, 3), own, Frame(MacB, MacA, Last));

        Assert.Equal([2, 3, Last], lab.ReceiveUntil(b, Last).Select(f => f[14]));
    }

    [LabFact]
    public void A_foreign_address_makes_the_card_promiscuous_for_as_long_as_the_link_lives()
    {
        using var lab = new LinkLab();
        PcapLink a = lab.OpenA();
        Assert.Contains("promiscuity 1", lab.A.Exec("ip -d link show veth0"), StringComparison.Ordinal);
        a.Dispose();
        Assert.Contains("promiscuity 0", lab.A.Exec("ip -d link show veth0"), StringComparison.Ordinal);

        MacAddress card = lab.OpenA(new PcapLinkOptions { Promiscuous = false }).Info.MacAddress!.Value;
        lab.OpenA(mac: card);
        Assert.Contains("promiscuity 0", lab.A.Exec("ip -d link show veth0"), StringComparison.Ordinal);
    }

    [LabFact]
    public void The_interface_is_described_as_the_system_knows_it()
    {
        using var lab = new LinkLab();
        lab.A.Exec("ip link set veth0 mtu 1400 address 02:11:22:33:44:55");
        LinkInfo info = lab.OpenA().Info;

        Assert.Equal(
            new LinkInfo
            {
                Name = "pcap:veth0",
                Mtu = 1400,
                MacAddress = MacAddress.Parse("02:11:22:33:44:55"),
                Medium = LinkMedium.Ethernet,
                Features = LinkFeatures.ReceiveMayLackChecksum,
                MaxReceiveFrame = 1418,
            },
            info);
    }

    [LabFact]
    public void An_interface_that_merges_frames_gets_room_for_the_merged()
    {
        using var lab = new LinkLab(offloads: true);
        Assert.Equal(LinkFeatures.ReceiveMayLackChecksum | LinkFeatures.ReceiveCoalesces, lab.OpenA().Info.Features);
        Assert.Equal(RxBatch.MaxFrameBytes, lab.OpenA().Info.MaxReceiveFrame);

        var options = new PcapLinkOptions { MaxReceiveFrame = 1500, ReceiveMayLackChecksum = false };
        Assert.Equal(LinkFeatures.None, lab.OpenA(options).Info.Features);
    }

    [LabFact]
    public void Frames_longer_than_the_slot_are_dropped_and_counted()
    {
        using var lab = new LinkLab();
        PcapLink a = lab.OpenA();
        PcapLink b = lab.OpenB(new PcapLinkOptions { MaxReceiveFrame = 100 });
        Send(a, Frame(MacB, MacA, 1, 101), Frame(MacB, MacA, 2, 100), Frame(MacB, MacA, Last));

        Assert.Equal([2, Last], lab.ReceiveUntil(b, Last).Select(f => f[14]));
        Assert.Equal(1, b.Statistics.ReceiveDropped);
    }

    [LabFact]
    public void What_overflows_the_buffer_is_counted_to_the_frame()
    {
        const int Frames = 5000;
        using var lab = new LinkLab();
        PcapLink a = lab.OpenA();
        PcapLink b = lab.OpenB(new PcapLinkOptions { BufferBytes = 64 << 10 });
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
    public void Frames_beyond_the_mtu_are_counted_and_a_changed_mtu_is_learnt()
    {
        using var lab = new LinkLab();
        PcapLink a = lab.OpenA();
        lab.A.Exec("ip link set veth0 mtu 1000");

        Assert.Equal(1, Send(a, Frame(MacB, MacA, 1, 1100)));
        Assert.Equal(1, a.Statistics.TransmitDropped);
        Assert.Equal(1000, a.Info.Mtu);
    }

    [LabFact]
    public void A_lost_carrier_is_survived()
    {
        using var lab = new LinkLab();
        PcapLink a = lab.OpenA();
        PcapLink b = lab.OpenB();
        lab.B.Exec("ip link set veth1 down");
        using var batch = new RxBatch();
        for (int i = 0; i < 5; i++)
        {
            Assert.Equal(0, b.Receive(batch));
            Assert.Equal(1, Send(b, Frame(MacA, MacB, 1)));
        }

        Assert.False(b.Wait(TimeSpan.Zero)); // quiet: a loop would sleep, not spin
        Assert.Equal(5, b.Statistics.TransmitDropped);
        Assert.False(b.Wait(TimeSpan.FromSeconds(3))); // down for three seconds
        lab.B.Exec("ip link set veth1 up");
        lab.Cable.WaitForCarrier();
        Send(a, Frame(MacB, MacA, Last));
        lab.ReceiveUntil(b, Last);
        Send(b, Frame(MacA, MacB, Last));
        lab.ReceiveUntil(a, Last);
    }

    [LabFact]
    public void The_peer_going_down_for_a_while_is_survived()
    {
        using var lab = new LinkLab();
        PcapLink a = lab.OpenA();
        PcapLink b = lab.OpenB();
        lab.A.Exec("ip link set veth0 down");
        Assert.Equal(1, Send(b, Frame(MacA, MacB, 1)));
        lab.A.Exec("ip link set veth0 up");
        lab.Cable.WaitForCarrier();
        Send(b, Frame(MacA, MacB, Last));
        lab.ReceiveUntil(a, Last);
    }

    [LabFact]
    public void A_deleted_interface_is_the_end()
    {
        using var lab = new LinkLab();
        PcapLink a = lab.OpenA();
        PcapLink b = lab.OpenB();
        lab.A.Exec("ip link delete veth0");

        Assert.True(a.Wait(Timeout.InfiniteTimeSpan));
        using var batch = new RxBatch();
        string message = Assert.Throws<LinkDownException>(() => a.Receive(batch)).Message;
        Assert.Contains("veth0", message, StringComparison.Ordinal);
        Assert.Throws<LinkDownException>(() => Send(b, Frame(MacA, MacB, 1)));
    }

    [LabFact]
    public void An_interface_deleted_and_made_again_is_another()
    {
        using var lab = new LinkLab();
        PcapLink a = lab.OpenA();
        lab.A.Exec("ip link delete veth0 && ip link add veth0 type veth peer name veth9 && ip link set veth0 up");
        using var batch = new RxBatch();

        Assert.True(a.Wait(Timeout.InfiniteTimeSpan));
        Assert.Throws<LinkDownException>(() => a.Receive(batch));
    }

    [LabFact]
    public void Two_links_on_one_interface_hear_the_peer_and_not_one_another()
    {
        using var lab = new LinkLab();
        MacAddress other = MacAddress.Parse("02:00:00:00:00:0c");
        LinkContract.TwoHearThePeerOnly(lab, lab.OpenA(), lab.OpenA(mac: other), other, lab.OpenB());
    }

    [LabFact]
    public void What_the_own_host_sends_is_not_heard()
    {
        using var lab = new LinkLab();
        PcapLink a = lab.OpenA(mac: MacAddress.Parse("02:00:00:00:00:0c"));
        PcapLink b = lab.OpenB();
        lab.A.Exec("ip address add 10.9.0.1/24 dev veth0");
        lab.A.Exec("bash -c 'echo > /dev/udp/10.9.0.9/9'"); // makes the kernel ask for the address
        using var heard = new RxBatch();
        Assert.True(b.Wait(TimeSpan.FromSeconds(20)));
        b.Receive(heard);
        Assert.Equal(0x06, heard[0].Bytes[13]); // ARP: the peer hears it
        Send(b, Frame(MacAddress.Broadcast, MacB, Last));
        using var batch = new RxBatch();
        Assert.True(a.Wait(Timeout.InfiniteTimeSpan));
        a.Receive(batch);

        Assert.Equal(1, batch.Count);
        Assert.Equal(Last, batch[0].Bytes[14]);
    }

    [LabFact]
    public void A_wake_ends_the_wait_before_and_during_it()
    {
        using var lab = new LinkLab();
        LinkContract.WakeEndsTheWait(lab.OpenA());
    }

    [LabFact]
    public void A_batch_that_was_too_small_does_not_put_the_loop_to_sleep()
    {
        using var lab = new LinkLab();
        LinkContract.SmallBatchesGoOn(lab.OpenA(), lab.OpenB());
    }

    [LabFact]
    public void Opening_fails_with_the_remedy_in_the_message()
    {
        using var lab = new LinkLab();
        string missing = Fails<LinkNotFoundException>(lab, "eth7");
        Assert.Contains("'eth7'", missing, StringComparison.Ordinal);
        Assert.Contains("veth0", missing, StringComparison.Ordinal);
        Fails<LinkNotFoundException>(lab, "a-name-that-is-too-long-for-linux");

        lab.A.Exec("ip link set veth0 down");
        Assert.Contains("ip link set veth0 up", Fails<IOException>(lab, "veth0"), StringComparison.Ordinal);
        lab.A.Exec("ip link set veth0 up");
        string forbidden = Assert.Throws<UnauthorizedAccessException>(
            () => lab.A.Run(() => Unprivileged.Run(() => PcapLink.Open("veth0")))).Message;
        Assert.Contains("CAP_NET_RAW", forbidden, StringComparison.Ordinal);
        Assert.Contains("setcap cap_net_raw,cap_net_admin+ep", forbidden, StringComparison.Ordinal);
    }

    [LabFact]
    public void A_link_is_opened_by_its_name()
    {
        using var lab = new LinkLab();
        using LinkDevice link = lab.A.Run(() => LinkDevice.Open("pcap:veth0"));
        Assert.IsType<PcapLink>(link);
    }

    private static string Fails<TException>(LinkLab lab, string device)
        where TException : Exception => Assert.Throws<TException>(() => lab.A.Run(() => PcapLink.Open(device))).Message;
}
