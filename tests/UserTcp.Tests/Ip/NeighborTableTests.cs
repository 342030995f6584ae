using UserTcp.Ip;
using UserTcp.Primitives;
using UserTcp.Tests.Support;
using UserTcp.Wire;
using static UserTcp.Tests.Ip.Packets;

namespace UserTcp.Tests.Ip;

public class NeighborTableTests
{
    private readonly NeighborTable _table = new();
    private readonly ArpNeighbors _arp;

    public NeighborTableTests() => _arp = new ArpNeighbors(OwnMac, Routes(), _table);

    [Fact, Rfc("826")]
    public void An_unknown_hop_is_asked_for_by_broadcast_and_found_by_the_reply()
    {
        Assert.Equal(NeighborLookup.Pending, _table.Resolve(Peer, At(0), out _));
        Assert.Equal(
            new ArpPlan(new ArpPacket(ArpOperation.Request, OwnMac, Own, default, Peer), MacAddress.Broadcast), Sent());

        _arp.OnArp(Reply(PeerMac, Peer, Own), At(0.1));

        Assert.Equal(NeighborLookup.Resolved, _table.Resolve(Peer, At(0.1), out MacAddress mac));
        Assert.Equal(PeerMac, mac);
        Assert.Equal(
            new NeighborChange(Peer, IsResolved: true) { Mac = PeerMac, AskedSince = At(0) },
            _table.TryNextChange(out NeighborChange change) ? change : default);
        Silent();
    }

    [Fact, Rfc("1122 §2.3.2.1")]
    public void One_request_a_second_three_in_all_and_then_it_is_given_up_for_a_moment()
    {
        int requests = 0;
        for (double t = 0; t < 2.95; t += 0.05)
        {
            Assert.Equal(NeighborLookup.Pending, _table.Resolve(Peer, At(t), out _));
            _table.OnDeadline(At(t));
            while (_arp.TryNextArp(out _))
            {
                requests++;
            }

            Assert.Equal((int)(t + 0.001) + 1, requests);
            Assert.False(_table.TryNextChange(out _));
        }

        Assert.Equal(At(3), _table.NextDeadline);
        _table.OnDeadline(At(3));
        Assert.Equal((Peer, false), Changed());
        Assert.Equal(NeighborLookup.Unreachable, _table.Resolve(Peer, At(3.9), out _));
        Silent();
        Assert.True(_table.NextDeadline.IsNever);

        Assert.Equal(NeighborLookup.Pending, _table.Resolve(Peer, At(4), out _));
        Assert.Equal(MacAddress.Broadcast, Sent().Destination);
    }

    [Fact]
    public void A_host_that_failed_and_then_speaks_is_there_again()
    {
        _table.Resolve(Peer, At(0), out _);
        Pass(0, 3);

        _arp.OnArp(Request(PeerMac, Peer, Own), At(3.1));

        Assert.Equal(NeighborLookup.Resolved, _table.Resolve(Peer, At(3.1), out _));
    }

    [Fact]
    public void A_request_that_the_link_has_not_taken_is_not_made_twice()
    {
        _table.Resolve(Peer, At(0), out _);
        _table.OnDeadline(At(1));
        _table.OnDeadline(At(2));

        Sent();
        Assert.False(_arp.TryNextArp(out _));
    }

    [Fact]
    public void A_late_deadline_asks_once_not_for_every_second_missed()
    {
        _table.Resolve(Peer, At(0), out _);
        Sent();
        _table.OnDeadline(At(30));

        Sent();
        Assert.False(_arp.TryNextArp(out _));
        Assert.Equal(At(31), _table.NextDeadline);
    }

    [Fact]
    public void A_fresh_entry_is_silent_and_an_old_one_is_polled_by_unicast_while_it_serves()
    {
        Learn();
        Assert.Equal(NeighborLookup.Resolved, _table.Resolve(Peer, At(59.9), out _));
        Silent();

        Assert.Equal(NeighborLookup.Resolved, _table.Resolve(Peer, At(60), out MacAddress mac));
        Assert.Equal(PeerMac, mac);
        Assert.Equal(
            new ArpPlan(new ArpPacket(ArpOperation.Request, OwnMac, Own, default, Peer), PeerMac), Sent());

        _arp.OnArp(Reply(PeerMac, Peer, Own), At(60.5));
        Assert.True(_table.NextDeadline.IsNever);
        _table.Resolve(Peer, At(120), out _);
        Silent();
    }

    [Fact, Rfc("1122 §2.3.2.1")]
    public void Three_polls_in_vain_and_everybody_is_asked_if_the_entry_is_still_used()
    {
        Learn();
        for (double t = 60; t < 63; t++)
        {
            Assert.Equal(NeighborLookup.Resolved, _table.Resolve(Peer, At(t), out _));
            _table.OnDeadline(At(t));
            Assert.Equal(PeerMac, Sent().Destination);
        }

        _table.OnDeadline(At(63));
        Assert.Equal(MacAddress.Broadcast, Sent().Destination);
        Assert.Equal(NeighborLookup.Pending, _table.Resolve(Peer, At(63), out _));

        _arp.OnArp(Reply(OtherMac, Peer, Own), At(63.2));
        Assert.Equal((Peer, true), Changed());
        _table.Resolve(Peer, At(63.2), out MacAddress mac);
        Assert.Equal(OtherMac, mac);
    }

    [Fact]
    public void Polls_in_vain_of_an_entry_that_nobody_uses_end_in_silence()
    {
        Learn();
        _table.Resolve(Peer, At(60), out _);
        Pass(60, 62);
        Assert.False(_table.TryNextChange(out _));
        _table.OnDeadline(At(63));

        Silent();
        Assert.True(_table.NextDeadline.IsNever);
        Assert.Equal(NeighborLookup.Unreachable, _table.Resolve(Peer, At(63.5), out _));
    }

    [Fact, Rfc("1122 §2.3.2.1")]
    public void What_the_transport_confirms_needs_no_poll()
    {
        Learn();
        _table.Confirm(Peer, At(50));

        _table.Resolve(Peer, At(109), out _);
        Silent();

        _table.Resolve(Peer, At(110), out _);
        Sent();
        _table.Confirm(Peer, At(110.1));
        Assert.True(_table.NextDeadline.IsNever);
        _table.Confirm(Far, At(111));
        Assert.Equal(1, _table.Count);
    }

    [Fact, Rfc("9293 §3.8.3")]
    public void What_the_transport_suspects_is_polled_at_once_but_not_twice_a_second()
    {
        Learn();
        _table.Suspect(Peer, At(10));
        Assert.Equal(PeerMac, Sent().Destination);
        _arp.OnArp(Reply(PeerMac, Peer, Own), At(10.1));

        _table.Suspect(Peer, At(10.9));
        Silent();
        _table.Suspect(Peer, At(11));
        Sent();
        _table.Suspect(Far, At(11));
        Assert.False(_arp.TryNextArp(out _));
    }

    public static TheoryData<string, string, string> Bogus => new()
    {
        { "02:00:00:00:00:02", "192.0.2.1", "our own address" },
        { "02:00:00:00:00:01", "192.0.2.2", "our own MAC" },
        { "ff:ff:ff:ff:ff:ff", "192.0.2.2", "the broadcast MAC" },
        { "01:00:5e:00:00:01", "192.0.2.2", "a multicast MAC" },
        { "00:00:00:00:00:00", "192.0.2.2", "no MAC" },
        { "02:00:00:00:00:02", "198.51.100.7", "not on the link" },
        { "02:00:00:00:00:02", "0.0.0.0", "a probe" },
        { "02:00:00:00:00:02", "255.255.255.255", "everybody" },
        { "02:00:00:00:00:02", "192.0.2.255", "everybody on the link" },
        { "02:00:00:00:00:02", "192.0.2.0", "the network" },
        { "02:00:00:00:00:02", "224.0.0.1", "a group" },
        { "02:00:00:00:00:02", "127.0.0.1", "loopback" },
    };

    [Theory]
    [MemberData(nameof(Bogus))]
    public void Nothing_is_learned_from_bogus_ARP(string mac, string address, string why)
    {
        MacAddress sender = MacAddress.Parse(mac);
        _arp.OnArp(Request(sender, Address(address), Own), At(0));
        _arp.OnArp(Reply(sender, Address(address), Own), At(0));
        _arp.OnArp(Request(sender, Address(address), Address(address)), At(0));
        Assert.True(_table.Count == 0, why);

        _table.Resolve(Peer, At(1), out _);
        _arp.OnArp(Reply(sender, Address(address), Own), At(1));
        Assert.Equal(NeighborLookup.Pending, _table.Resolve(Peer, At(1), out _));

        Learn();
        _arp.OnArp(Request(sender, Address(address), Own), At(2));
        _arp.OnArp(Request(sender, Address(address), Address(address)), At(2));
        _table.Resolve(Peer, At(2), out MacAddress kept);
        Assert.Equal(PeerMac, kept);
    }

    [Fact]
    public void A_request_for_us_teaches_who_asks_and_one_for_another_does_not()
    {
        _arp.OnArp(Request(PeerMac, Peer, Router), At(0));
        Assert.Equal(0, _table.Count);

        _arp.OnArp(Request(PeerMac, Peer, Own), At(0));
        Assert.Equal(NeighborLookup.Resolved, _table.Resolve(Peer, At(0), out MacAddress mac));
        Assert.Equal(PeerMac, mac);
        Silent();

        _arp.OnArp(Request(OtherMac, Peer, Router), At(1));
        _table.Resolve(Peer, At(1), out mac);
        Assert.Equal(PeerMac, mac);
    }

    [Fact]
    public void A_reply_that_nobody_asked_for_teaches_nothing()
    {
        _arp.OnArp(Reply(PeerMac, Peer, Own), At(0));
        Assert.Equal(0, _table.Count);

        Learn();
        _arp.OnArp(Reply(OtherMac, Peer, Own), At(1));
        _table.Resolve(Peer, At(1), out MacAddress mac);
        Assert.Equal(PeerMac, mac);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void An_announcement_renews_an_entry_and_makes_none(bool isReply)
    {
        ArpPacket announcement = new(
            isReply ? ArpOperation.Reply : ArpOperation.Request, OtherMac, Peer, default, Peer);
        _arp.OnArp(announcement, At(0));
        Assert.Equal(0, _table.Count);

        Learn();
        _arp.OnArp(announcement, At(30));
        _table.Resolve(Peer, At(89), out MacAddress mac);
        Assert.Equal(OtherMac, mac);
        Silent();
    }

    [Fact]
    public void An_announcement_answers_a_pending_question()
    {
        _table.Resolve(Peer, At(0), out _);
        _arp.OnArp(Request(PeerMac, Peer, Peer), At(0.5));

        Assert.Equal((Peer, true), Changed());
        Assert.False(_arp.TryNextArp(out _));
    }

    [Fact]
    public void The_table_is_bounded_and_the_least_used_make_room()
    {
        var table = new NeighborTable(new IpLimits { MaxNeighbors = 8 });
        var arp = new ArpNeighbors(OwnMac, Wide(), table);
        for (uint i = 0; i < 8; i++)
        {
            arp.OnArp(Request(PeerMac, Host(i), Address("10.0.0.1")), At(0));
        }

        for (int round = 0; round < 100; round++)
        {
            Assert.Equal(NeighborLookup.Resolved, table.Resolve(Host(3), At(1), out _));
            Assert.Equal(NeighborLookup.Resolved, table.Resolve(Host(5), At(1), out _));
            arp.OnArp(Request(PeerMac, Host(100 + (uint)round), Address("10.0.0.1")), At(1));
            table.Resolve(Host(1000 + (uint)round), At(1), out _);
            arp.OnArp(Reply(PeerMac, Host(1000 + (uint)round), Address("10.0.0.1")), At(1));
            Assert.Equal(8, table.Count);
        }
    }

    [Fact]
    public void A_flood_of_strangers_takes_no_place_of_those_in_use()
    {
        var table = new NeighborTable(new IpLimits { MaxNeighbors = 64 });
        var arp = new ArpNeighbors(OwnMac, Wide(), table);
        for (uint i = 0; i < 64; i++)
        {
            arp.OnArp(Request(PeerMac, Host(i), Address("10.0.0.1")), At(0));
            Assert.Equal(NeighborLookup.Resolved, table.Resolve(Host(i), At(0), out _));
        }

        for (uint i = 0; i < 10_000; i++)
        {
            arp.OnArp(Request(OtherMac, Host(5000 + i), Address("10.0.0.1")), At(1));
        }

        Assert.Equal(64, table.Count);
        for (uint i = 0; i < 64; i++)
        {
            Assert.Equal(NeighborLookup.Resolved, table.Resolve(Host(i), At(2), out MacAddress mac));
            Assert.Equal(PeerMac, mac);
        }
    }

    [Fact]
    public void Hops_that_are_being_asked_for_finish_their_tries_and_a_newcomer_is_refused()
    {
        var table = new NeighborTable(new IpLimits { MaxNeighbors = 8 });
        var arp = new ArpNeighbors(OwnMac, Wide(), table);
        for (uint i = 0; i < 7; i++)
        {
            Assert.True(table.HasRoomFor(Host(i)));
            Assert.Equal(NeighborLookup.Pending, table.Resolve(Host(i), At(0), out _));
        }

        Assert.Equal(NeighborLookup.Refused, table.Resolve(Host(9), At(0), out _));
        Assert.False(table.HasRoomFor(Host(9)));
        Assert.True(table.HasRoomFor(Host(3)));
        Assert.Equal(7, table.PendingCount);
        int requests = 0, changes = 0;
        for (int second = 0; second <= 3; second++)
        {
            table.OnDeadline(At(second));
            requests += Requests(arp).Count;
            while (table.TryNextChange(out NeighborChange change))
            {
                Assert.Equal((3, false), (second, change.IsResolved));
                changes++;
            }
        }

        Assert.Equal((3 * 7, 7, 0), (requests, changes, table.PendingCount));
        Assert.Equal(NeighborLookup.Pending, table.Resolve(Host(9), At(3), out _));
    }

    [Fact]
    public void Silent_hops_leave_a_place_for_those_that_answer()
    {
        var table = new NeighborTable(new IpLimits { MaxNeighbors = 16 });
        var arp = new ArpNeighbors(OwnMac, Wide(), table);
        for (uint i = 0; i < 2; i++)
        {
            arp.OnArp(Request(PeerMac, Host(i), Address("10.0.0.1")), At(0));
            table.Resolve(Host(i), At(0), out _);
        }

        for (uint i = 0; i < 1000; i++)
        {
            double now = 0.01 * i;
            table.OnDeadline(At(now));
            table.Resolve(Host(100 + i), At(now), out _);
            Requests(arp);
        }

        Assert.Equal(14, table.PendingCount);
        Assert.Equal(NeighborLookup.Resolved, table.Resolve(Host(0), At(10), out _));
        Assert.Equal(NeighborLookup.Resolved, table.Resolve(Host(1), At(10), out _));
    }

    [Fact]
    public void Polls_in_vain_of_a_whole_table_leave_a_place_for_those_that_answer()
    {
        var table = new NeighborTable(new IpLimits { MaxNeighbors = 16 });
        var arp = new ArpNeighbors(OwnMac, Wide(), table);
        for (uint i = 0; i < 16; i++)
        {
            arp.OnArp(Request(PeerMac, Host(i), Address("10.0.0.1")), At(0));
            table.Resolve(Host(i), At(0), out _);
        }

        for (int second = 60; second <= 63; second++)
        {
            for (uint i = 0; i < 16; i++)
            {
                table.Resolve(Host(i), At(second), out _);
            }

            table.OnDeadline(At(second));
        }

        Assert.Equal(14, table.PendingCount);
        arp.OnArp(Request(OtherMac, Host(99), Address("10.0.0.1")), At(63));
        Assert.Equal(NeighborLookup.Resolved, table.Resolve(Host(99), At(63), out _));
    }

    [Fact]
    public void An_IPv4_neighbour_goes_from_stale_to_probed_at_its_first_use()
    {
        Learn();
        Neighbor neighbor = Assert.Single(_table.All);
        Assert.Equal(NeighborState.Reachable, neighbor.StateAt(At(59.9)));
        Assert.Equal(NeighborState.Stale, neighbor.StateAt(At(60)));
        _table.Resolve(Peer, At(60), out _);
        Assert.Equal(NeighborState.Probe, neighbor.State);
    }

    [Fact]
    public void An_IPv6_neighbour_is_given_five_seconds_before_it_is_probed() // RFC 4861 §7.3.3
    {
        HostAddress host = Address("2001:db8::7");
        Assert.Equal(NeighborLookup.Pending, _table.Resolve(host, At(0), out _));
        Neighbor neighbor = Assert.Single(_table.All);
        Assert.Equal(NeighborState.Incomplete, neighbor.State);
        Assert.Equal(new NeighborQuestion(host, null), Question());

        _table.Renew(host, PeerMac, At(0.1));
        Assert.Equal(NeighborState.Reachable, neighbor.State);
        Assert.Equal(NeighborLookup.Resolved, _table.Resolve(host, At(60.1), out MacAddress mac));
        Assert.Equal((PeerMac, NeighborState.Delay, At(65.1)), (mac, neighbor.State, _table.NextDeadline));
        _table.Resolve(host, At(64), out _); // puts nothing off
        _table.OnDeadline(At(65));
        Assert.False(_table.HasQuestion);

        _table.OnDeadline(At(65.1));
        Assert.Equal(NeighborState.Probe, neighbor.State);
        Assert.Equal(new NeighborQuestion(host, PeerMac), Question());
        Assert.Equal(At(66.1), _table.NextDeadline);
    }

    [Fact]
    public void Progress_of_the_transport_ends_the_delay_and_the_want_of_it_cuts_it_short() // RFC 4861 §7.3.1
    {
        HostAddress host = Address("2001:db8::7");
        _table.Meet(host, PeerMac, At(0));
        Neighbor neighbor = Assert.Single(_table.All);
        _table.Resolve(host, At(60), out _);
        _table.Confirm(host, At(61));
        Assert.Equal((NeighborState.Reachable, true), (neighbor.State, _table.NextDeadline.IsNever));
        Assert.Equal(NeighborState.Reachable, neighbor.StateAt(At(120.9)));

        _table.Resolve(host, At(121), out _);
        Assert.Equal(NeighborState.Delay, neighbor.State);
        _table.Suspect(host, At(121));
        Assert.Equal((NeighborState.Probe, At(122)), (neighbor.State, _table.NextDeadline));
        Assert.Equal(new NeighborQuestion(host, PeerMac), Question());
    }

    [Fact]
    public void A_delayed_neighbour_that_makes_room_leaves_no_deadline_behind()
    {
        var table = new NeighborTable(new IpLimits { MaxNeighbors = 1 });
        table.Meet(Address("2001:db8::7"), PeerMac, At(0));
        table.Resolve(Address("2001:db8::7"), At(60), out _);
        table.Resolve(Address("2001:db8::8"), At(60), out _);

        Assert.Equal(Address("2001:db8::8"), Assert.Single(table.All).Address);
        Assert.Equal(At(61), table.NextDeadline);
    }

    /// <summary>Whatever is asked, told and left unanswered at a full table: nobody who waits is forgotten.</summary>
    [Fact]
    public void Whoever_waits_for_a_hop_hears_of_it_once_after_three_tries()
    {
        for (int seed = 1; seed <= 2000; seed++)
        {
            new CrowdedTable(seed).Run();
        }
    }

    [Fact]
    public void Deadlines_come_in_the_order_in_which_they_were_set()
    {
        var table = new NeighborTable();
        var arp = new ArpNeighbors(OwnMac, Wide(), table);
        table.Resolve(Host(1), At(0), out _);
        table.Resolve(Host(2), At(0.3), out _);
        table.Resolve(Host(3), At(0.6), out _);
        arp.OnArp(Reply(PeerMac, Host(2), Address("10.0.0.1")), At(0.7));

        Assert.Equal(At(1), table.NextDeadline);
        table.OnDeadline(At(1));
        Assert.Equal(At(1.6), table.NextDeadline);
        arp.OnArp(Reply(PeerMac, Host(3), Address("10.0.0.1")), At(1.1));
        Assert.Equal(At(2), table.NextDeadline);
        arp.OnArp(Reply(PeerMac, Host(1), Address("10.0.0.1")), At(1.2));
        Assert.True(table.NextDeadline.IsNever);
    }

    [Fact]
    public void Looking_up_a_known_hop_allocates_nothing()
    {
        Learn();
        _table.Resolve(Peer, At(1), out _);
        Allocation.IsNone(() =>
        {
            _table.Resolve(Peer, At(1), out _);
            _table.Confirm(Peer, At(1));
        });
    }

    private static RoutingTable Wide() => new([new LocalAddress(Address("10.0.0.1"), 8)]);

    private static List<HostAddress> Requests(ArpNeighbors arp)
    {
        List<HostAddress> asked = [];
        while (arp.TryNextArp(out ArpPlan plan))
        {
            asked.Add(plan.Packet.TargetAddress);
        }

        return asked;
    }

    private static HostAddress Host(uint n) => HostAddress.FromV4(0x0a010000 + n);

    private void Learn()
    {
        _arp.OnArp(Request(PeerMac, Peer, Own), At(0));
        while (_arp.TryNextArp(out _) || _table.TryNextChange(out _))
        {
        }
    }

    private void Pass(int from, int to)
    {
        for (int t = from; t <= to; t++)
        {
            _table.OnDeadline(At(t));
            while (_arp.TryNextArp(out _))
            {
            }
        }
    }

    private ArpPlan Sent()
    {
        Assert.True(_arp.TryNextArp(out ArpPlan plan));
        return plan;
    }

    private NeighborQuestion Question()
    {
        Assert.True(_table.TryNextQuestion(out NeighborQuestion question));
        return question;
    }

    private (HostAddress Address, bool IsResolved) Changed()
    {
        Assert.True(_table.TryNextChange(out NeighborChange change));
        return (change.Address, change.IsResolved);
    }

    private void Silent()
    {
        Assert.False(_arp.TryNextArp(out _));
        Assert.False(_table.TryNextChange(out _));
    }
}
