using UserTcp.Primitives;
using UserTcp.Stack;
using UserTcp.Tcp;
using UserTcp.Tests.Ip;
using UserTcp.Wire;

namespace UserTcp.Tests.Stack;

/// <summary>Which shard opens a flow, and from which port.</summary>
public sealed class ShardFlowTests
{
    private const ushort First = 40_000;

    [Fact]
    public void A_flow_whose_port_is_given_has_one_shard_that_may_open_it()
    {
        using var bench = new ShardBench(3);
        var owners = new HashSet<int>();
        for (ushort port = First; port < First + 20; port++)
        {
            var call = new ConnectCall
            {
                Remote = Packets.Peer, RemotePort = StackBench.Port, LocalPort = port, Config = new TcpConfig(),
            };
            int owner = Assert.IsType<int>(bench.Host.ShardFor(call));
            owners.Add(owner);
            for (int shard = 0; shard < 3; shard++)
            {
                CallResult expected = shard == owner ? CallResult.Done : CallResult.AddressInUse;
                Assert.Equal(expected, bench.Connect(shard, out _, port));
            }

            // Its answer steers itself.
            byte[] answer = StackBench.Segment(TcpFlags.Syn | TcpFlags.Ack, 1, 2, from: StackBench.Port, to: port);
            Assert.Equal(owner, bench.Host.Steering.ShardOf(Packets.Ipv4(Packets.Peer, Packets.Own, answer)));
        }

        Assert.Equal(3, owners.Count);
    }

    [Fact]
    public void A_flow_whose_port_is_still_to_be_chosen_may_be_anybodys()
    {
        var call = new ConnectCall { Remote = Packets.Peer, RemotePort = StackBench.Port, Config = new TcpConfig() };
        using (var bench = new ShardBench(3))
            Assert.Null(bench.Host.ShardFor(call));
        using (var bench = new ShardBench(1))
            Assert.Equal(0, bench.Host.ShardFor(call));
    }

    /// <summary>Towards one destination each port is one shard's; together they have them all.</summary>
    [Theory]
    [InlineData(2, 60, false)]
    [InlineData(5, 60, false)]
    [InlineData(5, 2000, false)]
    [InlineData(5, 2000, true)]
    public void Where_one_shard_has_no_port_left_another_has(int shards, int ports, bool timestamps)
    {
        using var bench = new ShardBench(shards, config => config with
        {
            FirstEphemeralPort = First,
            LastEphemeralPort = (ushort)(First + ports - 1),
        });
        var taken = new HashSet<ushort>();
        for (int shard = 0; shard < shards; shard++)
        {
            int before = taken.Count;
            StackConnection? connection;
            CallResult result;
            while ((result = bench.Connect(shard, out connection, timestamps: timestamps)) == CallResult.Done)
            {
                Assert.True(taken.Add(connection!.Flow.LocalPort));
                Assert.Equal(shard, bench.Host.Steering.ShardOf(connection.Flow));
            }

            Assert.Equal(CallResult.NoPortLeft, result);
            Assert.True(taken.Count > before, $"Shard {shard} had no port.");
        }

        Assert.Equal(ports, taken.Count);
    }

    [Fact]
    public void The_port_that_the_first_shard_chose_for_a_listener_is_bound_in_all()
    {
        using var bench = new ShardBench(3);
        ushort port = Assert.Single(bench.Listen(port: 0).Select(listener => listener.Port).Distinct());
        Assert.InRange(port, 32_768, 65_535);
        for (int shard = 0; shard < 3; shard++)
        {
            var call = new ListenCall { Mode = ListenMode.OwnAddresses, Port = port, Config = new TcpConfig() };
            Assert.Equal(CallResult.AddressInUse, bench.Shards[shard].Listen(call, out _));
        }
    }

    [Fact]
    public void Connections_have_numbers_of_their_own_in_all_shards()
    {
        using var bench = new ShardBench(3);
        var numbers = new HashSet<long>();
        for (int i = 0; i < 12; i++)
        {
            Assert.Equal(CallResult.Done, bench.Connect(i % 3, out StackConnection? connection));
            numbers.Add(connection!.Id);
        }

        Assert.Equal(Enumerable.Range(1, 12).Select(number => (long)number), numbers.Order());
        using var single = new ShardBench(1);
        Assert.Equal(CallResult.Done, single.Connect(0, out StackConnection? first));
        Assert.Equal(CallResult.Done, single.Connect(0, out StackConnection? second));
        Assert.Equal((1, 2), (first!.Id, second!.Id));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void A_flow_to_our_own_address_stays_in_its_shard(int shard)
    {
        using var bench = new ShardBench(3);
        StackListener[] listeners = bench.Listen();
        Assert.Equal(CallResult.Done, bench.Connect(shard, out StackConnection? connection, to: Packets.Own));
        Assert.Empty(bench.Pull(shard));
        Assert.Equal(TcpState.Established, connection!.Tcb.State);
        Assert.True(bench.Shards[shard].TryAccept(listeners[shard], out StackConnection? accepted));
        Assert.Equal(shard, bench.Host.Steering.ShardOf(accepted!.Flow));
        Assert.Equal(0, bench.Carry());
        Assert.Equal(2, bench.Shards[shard].ConnectionCount);
    }
}
