using FsCheck;
using FsCheck.Xunit;
using UserTcp.Diagnostics;
using UserTcp.Ip;
using UserTcp.Primitives;
using UserTcp.Tests.Support;
using UserTcp.Wire;
using static UserTcp.Tests.Ip.Packets;

namespace UserTcp.Tests.Ip;

public class AddressDefenceTests
{
    private static readonly HostAddress s_second = Address("192.0.2.9");

    [Fact, Rfc("5227 §2.1.1"), Rfc("5227 §2.3")]
    public void Three_probes_then_the_claim_and_two_announcements()
    {
        AddressDefence defence = Probing();
        List<string> sent = [];
        for (int ms = 0; ms <= 10_000; ms += 100)
        {
            Instant now = At(ms / 1000.0);
            if (defence.NextDeadline <= now)
                defence.OnDeadline(now);
            while (defence.TryNextArp(out ArpPlan plan))
            {
                sent.Add($"{ms} {plan.Packet.Operation} {plan.Packet.SenderAddress} {plan.Packet.TargetAddress} "
                    + $"{plan.Packet.SenderMac == OwnMac} {plan.Packet.TargetMac.IsZero} {plan.Destination}");
            }

            Assert.Equal(ms < 600 ? AddressState.Probing : AddressState.Claimed, defence.State);
        }

        Assert.Equal(
            [
                "0 Request 0.0.0.0 192.0.2.1 True True ff:ff:ff:ff:ff:ff",
                "200 Request 0.0.0.0 192.0.2.1 True True ff:ff:ff:ff:ff:ff",
                "400 Request 0.0.0.0 192.0.2.1 True True ff:ff:ff:ff:ff:ff",
                "600 Request 192.0.2.1 192.0.2.1 True True ff:ff:ff:ff:ff:ff",
                "2600 Request 192.0.2.1 192.0.2.1 True True ff:ff:ff:ff:ff:ff",
            ],
            sent);
        Assert.True(defence.NextDeadline.IsNever);
    }

    [Fact]
    public void Where_nobody_else_can_be_the_claim_is_immediate_and_silent()
    {
        var defence = new AddressDefence(OwnMac, [new LocalAddress(Own, 24)], detectConflicts: false, At(0));

        Assert.Equal(AddressState.Claimed, defence.State);
        Assert.True(defence.NextDeadline.IsNever);
        Assert.False(defence.TryNextArp(out _));
    }

    [Theory]
    [InlineData("reply")]
    [InlineData("request")]
    [InlineData("announcement")]
    [InlineData("probe")]
    [Rfc("5227 §2.1.1")]
    public void A_conflict_at_the_start_names_the_other_station(string how)
    {
        AddressDefence defence = Probing();
        Drain(defence);
        defence.OnArp(
            how switch
            {
                "reply" => new ArpPacket(ArpOperation.Reply, OtherMac, Own, OwnMac, HostAddress.AnyV4),
                "request" => Request(OtherMac, Own, Peer),
                "announcement" => Request(OtherMac, Own, Own),
                _ => Request(OtherMac, HostAddress.AnyV4, Own),
            },
            At(0.3));

        Assert.Equal(AddressState.Conflict, defence.State);
        Assert.True(defence.TryNextConflict(out AddressConflict conflict));
        Assert.Equal(new AddressConflict(Own, OtherMac, IsDefended: false), conflict);
        Assert.True(defence.NextDeadline.IsNever);
        Assert.False(defence.TryNextArp(out _));
    }

    [Fact]
    public void Our_own_packets_that_come_back_are_no_conflict()
    {
        AddressDefence defence = Probing();
        Drain(defence);

        defence.OnArp(Request(OwnMac, HostAddress.AnyV4, Own), At(0.1));
        defence.OnArp(Request(OwnMac, Own, Own), At(0.1));

        Assert.Equal(AddressState.Probing, defence.State);
        Assert.False(defence.TryNextConflict(out _));
        Assert.False(defence.TryNextArp(out _));
    }

    [Fact]
    public void While_probing_nothing_is_answered()
    {
        AddressDefence defence = Probing();
        Drain(defence);

        defence.OnArp(Request(PeerMac, Peer, Own), At(0.1));

        Assert.False(defence.TryNextArp(out _));
        Assert.Equal(AddressState.Probing, defence.State);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    [Rfc("826")]
    public void ArpProbeMidConnection(bool broadcast)
    {
        // The router's entry for us has grown old in the middle of a connection: it asks us alone, or everybody.
        AddressDefence defence = Claimed();
        for (int minute = 1; minute <= 60; minute++)
        {
            byte[] bytes = new byte[46];
            Request(PeerMac, Peer, Own).WriteTo(bytes);
            byte[] frame = Frame(broadcast ? MacAddress.Broadcast : OwnMac, PeerMac, 0x0806, bytes);

            Assert.Equal(PacketDropReason.None, IpInput.CheckFrame(frame, OwnMac, out EthernetHeader header));
            Assert.Equal(EtherType.Arp, header.EtherType);
            Assert.True(ArpPacket.TryParse(header.Payload, out ArpPacket arp));
            defence.OnArp(arp, At(60 * minute));

            Assert.True(defence.TryNextArp(out ArpPlan plan));
            Assert.Equal(new ArpPlan(new ArpPacket(ArpOperation.Reply, OwnMac, Own, PeerMac, Peer), PeerMac), plan);
            Assert.False(defence.TryNextArp(out _));
            Assert.False(defence.TryNextConflict(out _));
        }
    }

    [Fact, Rfc("5227 §2.4")]
    public void AddressConflict_IsDefended()
    {
        AddressDefence defence = Claimed();
        List<double> defended = [];
        for (int tenths = 100; tenths < 400; tenths++)
        {
            defence.OnArp(Request(OtherMac, Own, Peer), At(tenths / 10.0));
            bool sent = defence.TryNextArp(out ArpPlan plan);
            Assert.Equal(sent, defence.TryNextConflict(out AddressConflict conflict));
            if (sent)
            {
                long count = tenths == 100 ? 1 : 100;
                Assert.Equal(new AddressConflict(Own, OtherMac, IsDefended: true, count), conflict);
            }

            if (sent)
            {
                Assert.Equal(ArpPlan.Announcement(OwnMac, Own), plan);
                defended.Add(tenths / 10.0);
            }

            Assert.Equal(AddressState.Claimed, defence.State);
        }

        Assert.Equal([10.0, 20.0, 30.0], defended);
    }

    [Fact]
    public void A_probe_for_our_address_is_answered_not_fought()
    {
        AddressDefence defence = Claimed();

        defence.OnArp(Request(OtherMac, HostAddress.AnyV4, Own), At(100));

        Assert.True(defence.TryNextArp(out ArpPlan plan));
        Assert.Equal(
            new ArpPlan(new ArpPacket(ArpOperation.Reply, OwnMac, Own, OtherMac, HostAddress.AnyV4), OtherMac), plan);
        Assert.False(defence.TryNextConflict(out _));
    }

    [Theory]
    [InlineData("ff:ff:ff:ff:ff:ff")]
    [InlineData("01:00:5e:00:00:01")]
    [InlineData("00:00:00:00:00:00")]
    public void A_sender_that_is_no_station_is_neither_answered_nor_feared(string mac)
    {
        AddressDefence defence = Claimed();

        defence.OnArp(Request(MacAddress.Parse(mac), Peer, Own), At(100));
        defence.OnArp(Request(MacAddress.Parse(mac), Own, Own), At(100));

        Assert.False(defence.TryNextArp(out _));
        Assert.False(defence.TryNextConflict(out _));
    }

    [Fact]
    public void Requests_for_others_and_replies_are_not_answered()
    {
        AddressDefence defence = Claimed();

        defence.OnArp(Request(PeerMac, Peer, Router), At(100));
        defence.OnArp(Reply(PeerMac, Peer, Own), At(100));

        Assert.False(defence.TryNextArp(out _));
    }

    [Fact]
    public void Several_addresses_are_probed_together_and_one_conflict_spoils_the_claim()
    {
        var defence = new AddressDefence(
            OwnMac, [new LocalAddress(Own, 24), new LocalAddress(s_second, 24)], detectConflicts: true, At(0));
        Assert.Equal(2, Drain(defence));
        defence.OnArp(Request(OtherMac, s_second, s_second), At(0.1));
        Assert.Equal(AddressState.Conflict, defence.State);

        for (double t = 0.2; t < 3; t += 0.2)
        {
            defence.OnDeadline(At(t));
        }

        Assert.Equal(AddressState.Conflict, defence.State);
        Assert.True(defence.TryNextConflict(out AddressConflict conflict));
        Assert.Equal(s_second, conflict.Address);
    }

    [Fact, Rfc("5227 §2.1.1")]
    public void An_address_that_comes_later_is_probed_by_itself_and_told_once()
    {
        AddressDefence defence = Claimed();
        while (defence.TryNextClaimed(out _))
        {
        }

        Assert.Equal(AddressState.Probing, defence.Add(new LocalAddress(s_second, 25), At(100)));
        Assert.True(defence.TryNextArp(out ArpPlan probe));
        Assert.Equal(ArpPlan.Probe(OwnMac, s_second), probe);
        defence.OnArp(Request(PeerMac, Peer, Own), At(100.1));
        Assert.Equal(1, Drain(defence));
        foreach (double at in new[] { 100.2, 100.4 })
        {
            defence.OnDeadline(At(at));
            Assert.False(defence.TryNextClaimed(out _));
        }

        defence.OnDeadline(At(100.6));
        Assert.True(defence.TryNextClaimed(out LocalAddress claimed));
        Assert.Equal(new LocalAddress(s_second, 25), claimed);
        defence.OnDeadline(At(103));
        Assert.False(defence.TryNextClaimed(out _));
    }

    [Fact]
    public void An_address_that_was_given_up_is_neither_answered_nor_defended_nor_announced()
    {
        var defence = new AddressDefence(
            OwnMac, [new LocalAddress(Own, 24), new LocalAddress(s_second, 24)], detectConflicts: true, At(0));
        defence.OnDeadline(At(0.2));
        defence.OnDeadline(At(0.4));
        defence.OnDeadline(At(0.6));
        defence.OnArp(Request(PeerMac, Peer, s_second), At(0.7));
        defence.OnArp(Request(PeerMac, Peer, Own), At(0.7));

        Assert.True(defence.Remove(s_second));
        Assert.False(defence.Remove(s_second));
        int sent = 0;
        for (double t = 0.7; t < 5; t += 0.1)
        {
            defence.OnDeadline(At(t));
            defence.OnArp(Request(PeerMac, Peer, s_second), At(t));
            defence.OnArp(Request(OtherMac, s_second, s_second), At(t));
            while (defence.TryNextArp(out ArpPlan plan))
            {
                sent++;
                Assert.False(plan.Packet.SenderAddress == s_second || plan.Packet.TargetAddress == s_second);
            }
        }

        Assert.Equal(6, sent); // three probes, two announcements, an answer
        Assert.False(defence.TryNextConflict(out _));
    }

    [Fact]
    public void Each_address_is_answered_for_itself()
    {
        var defence = new AddressDefence(
            OwnMac, [new LocalAddress(Own, 24), new LocalAddress(s_second, 24)], detectConflicts: false, At(0));

        defence.OnArp(Request(PeerMac, Peer, s_second), At(1));

        Assert.True(defence.TryNextArp(out ArpPlan plan));
        Assert.Equal(s_second, plan.Packet.SenderAddress);
        Assert.False(defence.TryNextArp(out _));
    }

    [Fact]
    public void A_flood_between_two_pulls_is_bounded()
    {
        AddressDefence defence = Claimed();
        for (int i = 0; i < 10_000; i++)
        {
            defence.OnArp(Request(PeerMac, Peer, Own), At(100));
            defence.OnArp(Request(OtherMac, Own, Peer), At(100));
        }

        Assert.InRange(Drain(defence), 1, 64);
        Assert.True(defence.TryNextConflict(out _));
        Assert.False(defence.TryNextConflict(out _));
        defence.OnArp(Request(OtherMac, Own, Peer), At(110));
        Assert.True(defence.TryNextConflict(out AddressConflict conflict));
        Assert.Equal(10_000, conflict.Count);
    }

    [Property]
    public void Whatever_the_ARP_nothing_throws_and_nobody_hears_us_deny_our_address(
        DoNotSize<ulong> sender, DoNotSize<ulong> target, bool isReply, byte from, byte to)
    {
        AddressDefence defence = Claimed();
        var arp = new ArpPacket(
            isReply ? ArpOperation.Reply : ArpOperation.Request,
            new MacAddress(BitConverter.GetBytes(sender.Item)),
            HostAddress.FromV4(0xc0000200u + from % 4u),
            new MacAddress(BitConverter.GetBytes(target.Item)),
            HostAddress.FromV4(0xc0000200u + to % 4u));

        defence.OnArp(arp, At(100));

        while (defence.TryNextArp(out ArpPlan plan))
        {
            Assert.Equal((OwnMac, Own), (plan.Packet.SenderMac, plan.Packet.SenderAddress));
        }

        Assert.Equal(AddressState.Claimed, defence.State);
    }

    private static AddressDefence Probing() => new(OwnMac, [new LocalAddress(Own, 24)], detectConflicts: true, At(0));

    private static AddressDefence Claimed()
    {
        AddressDefence defence = Probing();
        while (!defence.NextDeadline.IsNever)
        {
            defence.OnDeadline(defence.NextDeadline);
        }

        Drain(defence);
        Assert.Equal(AddressState.Claimed, defence.State);
        return defence;
    }

    private static int Drain(AddressDefence defence)
    {
        int count = 0;
        while (defence.TryNextArp(out _))
        {
            count++;
        }

        return count;
    }
}
