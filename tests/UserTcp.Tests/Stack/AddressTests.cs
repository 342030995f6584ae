using UserTcp.Diagnostics;
using UserTcp.Ip;
using UserTcp.Links;
using UserTcp.Primitives;
using UserTcp.Stack;
using UserTcp.Tcp;
using UserTcp.Tests.Ip;
using UserTcp.Tests.Support;
using UserTcp.Wire;

namespace UserTcp.Tests.Stack;

/// <summary>Addresses that come and go while connections are open.</summary>
public sealed class AddressTests
{
    private static readonly HostAddress s_second = Packets.Address("192.0.2.9");
    private static readonly LocalAddress s_added = new(s_second, 24);

    [Fact]
    [Rfc("5227 §2.1.1")]
    public void An_address_is_used_only_once_nobody_answered_the_probes()
    {
        using StackBench bench = Shared();
        bench.Listen();
        bench.Core.ClaimAddress(s_added, bench.Now);

        Assert.True(Assert.Single(bench.Pull()).IsArp);
        bench.Hear(TcpFlags.Syn, 1000, destination: s_second);
        Assert.Equal(PacketDropReason.NotForUs, bench.Outcome.Drop);
        Assert.Equal(CallResult.NotOurAddress, bench.TryConnect(out _, local: s_second));
        Assert.Empty(bench.Wakeups());

        bench.Advance(0.6);
        Wakeup claimed = Assert.Single(bench.Wakeups());
        Assert.Equal((WakeupKind.AddressClaimed, s_second), (claimed.Kind, claimed.Address));
        bench.Pull();
        bench.Handshake(destination: s_second);
        Assert.Equal(CallResult.Done, bench.TryConnect(out StackConnection? connection, local: s_second));
        Assert.Equal(s_second, connection!.Flow.Local);
    }

    [Fact]
    [Rfc("5227 §2.1.1")]
    public void A_conflict_is_told_and_the_other_addresses_go_on()
    {
        using StackBench bench = Shared();
        bench.Listen();
        bench.Core.ClaimAddress(s_added, bench.Now);
        bench.Hear(Packets.Request(Packets.OtherMac, s_second, s_second));

        Wakeup conflict = Assert.Single(bench.Wakeups());
        Assert.Equal(
            (WakeupKind.AddressConflict, s_second, Packets.OtherMac), (conflict.Kind, conflict.Address, conflict.Mac));
        Assert.True(bench.Core.ReleaseAddress(s_second));
        Assert.False(bench.Core.ReleaseAddress(s_second));
        bench.Pull();
        bench.Advance(10);
        Assert.Empty(bench.Pull());
        Assert.Empty(bench.Wakeups());
        bench.Handshake();
    }

    [Fact]
    public void Where_nobody_else_can_be_an_address_is_ours_at_once()
    {
        using var bench = new StackBench();
        bench.Listen();
        bench.Core.ClaimAddress(s_added, bench.Now);

        Assert.Equal(WakeupKind.AddressClaimed, Assert.Single(bench.Wakeups()).Kind);
        Assert.Empty(bench.Pull());
        bench.Handshake(destination: s_second);
    }

    [Theory]
    [InlineData("192.0.2.255", 24)]
    [InlineData("224.0.0.1", 24)]
    [InlineData("10.0.0.1", 33)]
    [InlineData("10.0.0.1", 0)]
    public void An_address_that_no_host_can_have_is_refused_before_anything_is_sent(string address, int prefix)
    {
        using StackBench bench = Shared();
        Assert.ThrowsAny<ArgumentException>(
            () => bench.Core.ClaimAddress(new LocalAddress(Packets.Address(address), prefix), bench.Now));
        Assert.Empty(bench.Pull());
        Assert.False(bench.Core.ReleaseAddress(Packets.Address(address)));
    }

    [Fact]
    public void All_that_has_the_address_ends_in_silence_and_nothing_else_does()
    {
        using var bench = new StackBench();
        StackListener listener = bench.Listen();
        bench.Core.ClaimAddress(s_added, bench.Now);
        bench.Handshake(5000);
        bench.Handshake(5001, destination: s_second);
        Assert.True(bench.Core.TryAccept(listener, out StackConnection? stays));
        Assert.True(bench.Core.TryAccept(listener, out StackConnection? goes));
        bench.Hear(TcpFlags.Syn, 1000, from: 5002, destination: s_second);
        bench.Hear(TcpFlags.Syn, 1000, from: 5003);
        Assert.Equal(2, bench.Pull().Count);
        bench.Write(stays!, 100);
        bench.Write(goes!, 100);
        bench.Hear(TcpFlags.Ack, 1, 1, from: 5004, destination: s_second); // a reset is owed

        Lose(bench, s_second);
        Assert.Equal(
            (TcpState.Closed, UserTcpCloseReason.AddressLost), (goes!.Tcb.State, goes.Tcb.CloseReason));
        Assert.Equal((1, 1), (bench.Core.ConnectionCount, bench.Core.HalfOpenCount));
        Assert.Equal(1, bench.Drops(PacketDropReason.AddressLost));
        SentFrame text = Assert.Single(bench.Pull());
        Assert.Equal((Packets.Own, 100), (text.Source, text.Text.Length));

        bench.Advance(120);
        Assert.All(bench.Pull(), frame => Assert.True(frame.IsArp || frame.Source == Packets.Own));
    }

    [Fact]
    public void What_waits_for_a_next_hop_does_not_leave_later()
    {
        using StackBench bench = Shared(knowsPeer: false);
        bench.Listen();
        bench.Core.ClaimAddress(s_added, bench.Now);
        bench.Advance(1);
        bench.Pull();
        bench.Hear(TcpFlags.Ack, 1, 1, destination: s_second);
        bench.Hear(TcpFlags.Ack, 1, 1, from: 5001);
        Assert.True(Assert.Single(bench.Pull()).IsArp); // who has the peer's address?

        Lose(bench, s_second);
        bench.Hear(Packets.Reply(Packets.PeerMac, Packets.Peer, Packets.Own));
        Assert.Equal(Packets.Own, Assert.Single(bench.Pull(), frame => !frame.IsArp).Source);
    }

    [Fact]
    public void A_connection_between_two_of_our_addresses_ends_at_both_ends()
    {
        using var bench = new StackBench();
        StackListener listener = bench.Listen();
        bench.Core.ClaimAddress(s_added, bench.Now);
        Assert.Equal(
            CallResult.Done, bench.TryConnect(out StackConnection? connection, to: s_second, local: Packets.Own));
        bench.Pull();
        Assert.True(bench.Core.TryAccept(listener, out StackConnection? accepted));
        Assert.Equal(TcpState.Established, connection!.Tcb.State);

        Lose(bench, s_second);
        Assert.Equal(UserTcpCloseReason.AddressLost, connection.Tcb.CloseReason);
        Assert.Equal(UserTcpCloseReason.AddressLost, accepted!.Tcb.CloseReason);
        Assert.Empty(bench.Pull());
    }

    [Fact]
    public void A_listener_on_the_address_goes_on_when_it_comes_back()
    {
        using var bench = new StackBench();
        bench.Core.ClaimAddress(s_added, bench.Now);
        var call = new ListenCall
        {
            Mode = ListenMode.OneAddress, Address = s_second, Port = 80, Backlog = 1, SynBacklog = 1,
            Config = new TcpConfig(),
        };
        Assert.Equal(CallResult.Done, bench.Core.Listen(call, out StackListener? listener));
        Lose(bench, s_second);
        bench.Hear(TcpFlags.Syn, 1000, destination: s_second);
        Assert.Empty(bench.Pull());

        bench.Core.ClaimAddress(s_added, bench.Now);
        bench.Handshake(from: 5001, destination: s_second);
        Assert.True(bench.Core.TryAccept(listener!, out _));
    }

    [Fact]
    public void Without_any_address_nothing_can_begin_and_nothing_is_answered()
    {
        using var bench = new StackBench();
        bench.Listen();
        Lose(bench, Packets.Own);

        Assert.Equal(CallResult.NoRoute, bench.TryConnect(out _));
        Assert.Equal(CallResult.NoRoute, bench.Core.Ping(Packets.Peer, 1, 1, [], 64, bench.Now));
        bench.Hear(TcpFlags.Syn, 1000);
        bench.Hear(Packets.Request(Packets.PeerMac, Packets.Peer, Packets.Own));
        Assert.Empty(bench.Pull());
        var free = new ListenCall
        {
            Mode = ListenMode.OwnAddresses, Port = 0, Backlog = 1, SynBacklog = 1, Config = new TcpConfig(),
        };
        Assert.Equal(CallResult.Done, bench.Core.Listen(free, out StackListener? listener));
        Assert.NotEqual(0, listener!.Port);

        bench.Core.ClaimAddress(new LocalAddress(Packets.Own, 24), bench.Now);
        bench.Handshake(from: 5001);
        Assert.Equal(CallResult.Done, bench.TryConnect(out _, to: Packets.Far)); // the gateway counts again
    }

    [Fact]
    [Rfc("6724 §5")]
    public void A_deprecated_address_begins_nothing_if_there_is_another()
    {
        using var bench = new StackBench();
        bench.Core.ClaimAddress(s_added, bench.Now);
        Assert.True(bench.Core.DeprecateAddress(Packets.Own, isDeprecated: true));
        Assert.Equal(s_second, bench.Connect().Flow.Local);
        Assert.Equal(s_second, bench.Connect(to: Packets.Far).Flow.Local);
        Assert.Equal(CallResult.Done, bench.TryConnect(out StackConnection? chosen, local: Packets.Own));
        Assert.Equal(Packets.Own, chosen!.Flow.Local);

        Assert.True(bench.Core.DeprecateAddress(s_second, isDeprecated: true));
        Assert.Equal(Packets.Own, bench.Connect().Flow.Local);
        Assert.True(bench.Core.DeprecateAddress(s_second, isDeprecated: false));
        Assert.Equal(s_second, bench.Connect().Flow.Local);
        Assert.False(bench.Core.DeprecateAddress(Packets.Far, isDeprecated: true));
    }

    [Theory]
    [InlineData(2)]
    [InlineData(5)]
    public void Each_shard_ends_its_own_connections(int shards)
    {
        using var bench = new ShardBench(shards);
        bench.Listen();
        bench.Shards[0].ClaimAddress(s_added, bench.Now);
        var connections = new StackConnection[shards];
        for (int i = 0; i < shards; i++)
        {
            Assert.Equal(CallResult.Done, bench.Connect(i, out StackConnection? connection));
            Assert.Equal(Packets.Own, connection!.Flow.Local);
            connections[i] = connection;
        }

        Assert.True(bench.Shards[0].ReleaseAddress(Packets.Own));
        Assert.All(bench.Shards, shard => shard.EndAddress(Packets.Own, bench.Now));
        Assert.All(
            connections, connection => Assert.Equal(UserTcpCloseReason.AddressLost, connection.Tcb.CloseReason));
        for (int i = 0; i < shards; i++)
        {
            Assert.Empty(bench.Pull(i));
            Assert.Equal(CallResult.Done, bench.Connect(i, out StackConnection? next));
            Assert.Equal(s_second, next!.Flow.Local);
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Whatever_comes_and_goes_no_packet_has_an_address_that_is_not_ours(int seed)
    {
        using StackBench bench = Shared();
        bench.Listen();
        var random = new Random(seed);
        HostAddress[] all = [.. Enumerable.Range(10, 4).Select(i => Packets.Address($"192.0.2.{i}"))];
        var ours = new HashSet<HostAddress> { Packets.Own };
        int sent = 0;
        for (int i = 0; i < 5000; i++)
        {
            HostAddress one = all[random.Next(all.Length)];
            switch (random.Next(8))
            {
                case 0 when !ours.Contains(one) && !bench.Core.ReleaseAddress(one):
                    bench.Core.ClaimAddress(new LocalAddress(one, 24), bench.Now);
                    break;
                case 1:
                    Lose(bench, one, mayBeNone: true);
                    ours.Remove(one);
                    break;
                case 2:
                    bench.TryConnect(out _, local: one);
                    break;
                case 3:
                    bench.Hear(Packets.Request(Packets.PeerMac, Packets.Peer, one));
                    break;
                case 4:
                    bench.Hear(TcpFlags.Ack, 1, 1, from: (ushort)random.Next(1, 65_536), destination: one);
                    break;
                case 5:
                    bench.Hear(TcpFlags.Syn, 1, from: (ushort)random.Next(1, 65_536), destination: one);
                    break;
                case 6:
                    bench.Advance(random.NextDouble());
                    break;
                default:
                    ours.UnionWith(
                        bench.Wakeups().Where(w => w.Kind == WakeupKind.AddressClaimed).Select(w => w.Address));
                    foreach (SentFrame frame in bench.Pull())
                    {
                        sent++;
                        HostAddress source = frame.IsArp ? HostAddress.ReadV4(frame.Bytes.AsSpan(28)) : frame.Source;
                        Assert.True(source.IsUnspecified || ours.Contains(source), $"step {i}: {source}");
                    }

                    break;
            }
        }

        Assert.InRange(sent, 500, int.MaxValue);
    }

    private static void Lose(StackBench bench, HostAddress address, bool mayBeNone = false)
    {
        Assert.True(bench.Core.ReleaseAddress(address) || mayBeNone);
        bench.Core.EndAddress(address, bench.Now);
    }

    /// <summary>A link on which others may be; our first address is claimed.</summary>
    private static StackBench Shared(bool knowsPeer = true)
    {
        var bench = new StackBench(
            config => config with
            {
                Link = StackBench.Config(LinkFeatures.None).Link,
                DetectConflicts = true,
            },
            knowsPeer: false);
        bench.Advance(10);
        bench.Pull();
        if (knowsPeer)
            bench.Hear(Packets.Request(Packets.PeerMac, Packets.Peer, Packets.Own));
        bench.Pull();
        bench.Wakeups();
        return bench;
    }
}
