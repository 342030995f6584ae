using UserTcp.Diagnostics;
using UserTcp.Ip;
using UserTcp.Primitives;
using UserTcp.Stack;
using UserTcp.Tcp;
using UserTcp.Tests.Ip;
using UserTcp.Tests.Support;
using UserTcp.Wire;

namespace UserTcp.Tests.Stack;

/// <summary>The limits that are options do what they say when they are not at their defaults.</summary>
public sealed class LimitTests
{
    [Fact]
    [Rfc("5961 §7", "R5961-6")]
    public void Challenge_ACKs_are_as_many_a_second_as_was_asked_for()
    {
        using var bench = new StackBench(c => c with { ChallengeAcksPerConnection = 3 });
        bench.Listen();
        uint iss = bench.Handshake();
        Assert.Equal(3, AnswersToTen(bench, iss));
        bench.Advance(1);
        Assert.Equal(3, AnswersToTen(bench, iss));
        Assert.Equal((6, 14), (bench.Core.Challenges.Granted, bench.Core.Challenges.Withheld));

        using var narrow = new StackBench(c => c with { ChallengeAcksPerSecond = 4 });
        narrow.Listen();
        iss = narrow.Handshake();
        Assert.InRange(AnswersToTen(narrow, iss), 2, 5);
    }

    [Fact]
    public void Resets_to_strangers_are_as_many_a_second_as_was_asked_for()
    {
        using var bench = new StackBench(c => c with { StrangerRepliesPerSecond = 1 });
        Assert.Equal(1, ResetsOfHundred(bench));
        bench.Advance(2);
        Assert.Equal(1, ResetsOfHundred(bench));
        Assert.Equal(198, bench.Core.Counters.ResetsWithheld);
    }

    [Fact]
    public void A_neighbour_is_asked_for_as_often_and_as_slowly_as_was_asked_for()
    {
        var limits = new IpLimits { ArpTries = 2, ArpInterval = TimeSpan.FromSeconds(3) };
        using var bench = new StackBench(c => c with { Ip = limits }, knowsPeer: false);
        StackConnection connection = bench.Connect();
        Assert.True(Assert.Single(bench.Pull()).IsArp);
        bench.Advance(2.9);
        Assert.Empty(bench.Pull());
        bench.Advance(0.2);
        Assert.True(Assert.Single(bench.Pull()).IsArp);
        bench.Advance(2.8);
        Assert.Equal(TcpState.SynSent, connection.Tcb.State);
        bench.Advance(0.2);
        Assert.Empty(bench.Pull());
        Assert.Equal(UserTcpCloseReason.HostUnreachable, connection.Tcb.CloseReason);
    }

    [Fact]
    public void An_entry_is_polled_when_it_is_no_longer_fresh()
    {
        using var bench = new StackBench(
            c => c with { Ip = new IpLimits { NeighborFreshTime = TimeSpan.FromSeconds(5) } });
        bench.Advance(4.9);
        bench.Connect();
        Assert.False(Assert.Single(bench.Pull()).IsArp);
        bench.Advance(0.2);
        bench.Connect();
        Assert.Contains(bench.Pull(), f => f.IsArp && f.To == Packets.PeerMac);
    }

    [Fact]
    public void Fragments_wait_as_long_as_was_asked_for()
    {
        using var bench = new StackBench(
            c => c with { Ip = new IpLimits { ReassemblyTimeout = TimeSpan.FromSeconds(5) } });
        bench.HearPacket(Packets.Ipv4(Packets.Peer, Packets.Own, new byte[16], id: 9, fragment: 0x2000));
        bench.Advance(4.9);
        Assert.Equal(0, bench.Drops(PacketDropReason.FragmentTimeout));
        bench.Advance(0.2);
        Assert.Equal(1, bench.Drops(PacketDropReason.FragmentTimeout));
    }

    [Fact]
    public void An_address_is_probed_and_announced_and_defended_as_was_asked_for()
    {
        var limits = new IpLimits
        {
            Probes = 1,
            ProbeInterval = TimeSpan.FromMilliseconds(50),
            Announcements = 1,
            DefendInterval = TimeSpan.FromSeconds(2),
        };
        var defence = new AddressDefence(Packets.OwnMac, Packets.Routes().Addresses, true, Packets.Start, limits);
        Assert.Equal(1, Sent(defence));
        Assert.Equal(Packets.At(0.05), defence.NextDeadline);
        defence.OnDeadline(Packets.At(0.05));
        Assert.Equal((AddressState.Claimed, true), (defence.State, defence.NextDeadline.IsNever));
        Assert.Equal(1, Sent(defence));
        foreach ((double at, int defended) in new[] { (1.0, 1), (2.9, 0), (3.1, 1) })
        {
            defence.OnArp(Packets.Request(Packets.OtherMac, Packets.Own, Packets.Own), Packets.At(at));
            Assert.Equal(defended, Sent(defence));
        }
    }

    [Fact]
    public void A_path_is_as_narrow_and_for_as_long_as_was_asked_for()
    {
        var limits = new IpLimits { PathMtuFloor = 1000, PathMtuLifetime = TimeSpan.FromMinutes(5) };
        var paths = new PathMtu(1500, limits: limits);
        Assert.True(paths.OnTooBig(Packets.Far, 600, 1500, Packets.Start));
        Assert.Equal(1000, paths.Get(Packets.Far, Packets.At(299)));
        Assert.Equal(1500, paths.Get(Packets.Far, Packets.At(301)));
    }

    [Fact]
    public void A_low_floor_goes_down_the_plateaus_to_the_least()
    {
        var paths = new PathMtu(1500, limits: new IpLimits { PathMtuFloor = 68 });
        List<int> sizes = [];
        while (paths.OnTooBig(Packets.Far, 0, paths.Get(Packets.Far, Packets.Start), Packets.Start))
        {
            sizes.Add(paths.Get(Packets.Far, Packets.Start));
        }

        Assert.Equal([1492, 1006, 508, 296, 68], sizes);
    }

    private static int AnswersToTen(StackBench bench, uint iss)
    {
        int answers = 0;
        for (int i = 0; i < 10; i++)
        {
            bench.Hear(TcpFlags.Ack, 500, iss + 1); // old and without text
            answers += bench.Pull().Count;
        }

        return answers;
    }

    private static int ResetsOfHundred(StackBench bench)
    {
        for (ushort port = 6000; port < 6100; port++)
        {
            bench.Hear(TcpFlags.Syn, 1, from: port);
        }

        return bench.Pull().Count;
    }

    private static int Sent(AddressDefence defence)
    {
        int sent = 0;
        while (defence.TryNextArp(out _))
        {
            sent++;
        }

        return sent;
    }
}
