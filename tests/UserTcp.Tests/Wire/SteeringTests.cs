using FsCheck;
using FsCheck.Xunit;
using UserTcp.Primitives;
using UserTcp.Tests.Links;
using UserTcp.Wire;
using static UserTcp.Tests.Wire.Ipv6Bytes;
using Packets = UserTcp.Tests.Ip.Packets;

namespace UserTcp.Tests.Wire;

public class SteeringTests
{
    private const uint Key = 0x1234_5678;

    [Theory]
    [InlineData("192.0.2.1", 80, "198.51.100.7", 50_000, 3)]
    [InlineData("2001:db8::1", 443, "2001:db8:1::2:7", 50_001, 10)]
    public void The_formula_is_the_one_that_was_reckoned_by_hand(
        string local, int localPort, string remote, int remotePort, int expected)
    {
        var flow = new FlowKey(Address(local), (ushort)localPort, Address(remote), (ushort)remotePort);

        Assert.Equal(expected, new Steering(64, Key).ShardOf(flow));
    }

    [Property]
    public void Both_ends_of_a_flow_are_in_one_shard_and_its_packets_go_there(DoNotSize<ulong> seed)
    {
        var flow = new SteeredFlow(seed.Item);
        int shard = flow.Steering.ShardOf(flow.Key);

        Assert.InRange(shard, 0, flow.Steering.Count - 1);
        Assert.Equal(shard, flow.Steering.ShardOf(flow.Reverse));
        Assert.Equal(shard, flow.Steering.ShardOf(flow.Packet()));
    }

    [Property]
    public void Lengths_in_the_packet_and_bytes_behind_it_do_not_matter(DoNotSize<ulong> seed)
    {
        var flow = new SteeredFlow(seed.Item);
        byte[] packet = [.. flow.Packet(), 1, 2, 3];
        int length = flow.Key.Family.IsV4 ? 2 : 4;
        packet[length] = packet[length + 1] = 0;

        Assert.Equal(flow.Steering.ShardOf(flow.Key), flow.Steering.ShardOf(packet));
    }

    [Property]
    public void A_packet_that_ends_before_its_ports_goes_to_the_first_shard(DoNotSize<ulong> seed)
    {
        var flow = new SteeredFlow(seed.Item);
        byte[] packet = flow.Packet();
        for (int length = 0; length < flow.PortsAt + 4; length++)
        {
            Assert.Equal(0, flow.Steering.ShardOf(packet.AsSpan(0, length)));
        }

        Assert.Equal(flow.Steering.ShardOf(flow.Key), flow.Steering.ShardOf(packet.AsSpan(0, flow.PortsAt + 4)));
    }

    [Fact]
    public void Packets_that_have_to_be_parsed_further_go_to_the_first_shard()
    {
        byte[] ports = [0xc3, 0x51, 0, 80, 0, 0, 0, 0];
        byte[] v4 = Packets.Ipv4(Packets.Peer, Packets.Own, ports);
        byte[] v6 = Packet(TcpNext, ports);
        var steering = new Steering(64, Key);
        Assert.NotEqual(0, steering.ShardOf(v4));
        Assert.NotEqual(0, steering.ShardOf(v6));

        byte[][] packets =
        [
            Packets.Ipv4(Packets.Peer, Packets.Own, ports, protocol: 1),
            Packets.Ipv4(Packets.Peer, Packets.Own, ports, fragment: 0x2000), // the first fragment
            Packets.Ipv4(Packets.Peer, Packets.Own, ports, fragment: 5),
            Packets.Ipv4(Packets.Peer, Packets.Address("224.0.0.251"), ports, protocol: 17),
            Packets.Ipv4(Packets.Peer, HostAddress.BroadcastV4, ports, protocol: 17),
            [0x44, .. v4[1..]], // a header of 16 octets
            [0x55, .. v4[1..]],
            [0, 1, 8, 0, 6, 4, 0, 1, .. new byte[20]], // ARP
            Packet(58, ports),
            Packet(Source, Address("ff02::1"), UdpNext, ports),
            Packet(Fragment, FragmentHeader(TcpNext, 0, more: true), ports),
            Packet(Fragment, FragmentHeader(TcpNext, 0, more: false), ports),
            Packet(DestinationOptions, Extension(TcpNext), ports),
            Packet(HopByHop, Extension(TcpNext, 16), ports),
            Packet(HopByHop, Extension(DestinationOptions), Extension(TcpNext), ports),
            [],
        ];
        Assert.All(packets, packet => Assert.Equal(0, steering.ShardOf(packet)));
    }

    [Fact]
    public void The_dont_fragment_bit_marks_no_fragment_and_short_hop_by_hop_options_are_stepped_over()
    {
        byte[] ports = [0xc3, 0x51, 0, 80];
        var steering = new Steering(64, Key);
        byte[] v4 = Packets.Ipv4(Packets.Peer, Packets.Own, ports);

        Assert.Equal(
            steering.ShardOf(v4), steering.ShardOf(Packets.Ipv4(Packets.Peer, Packets.Own, ports, fragment: 0x4000)));
        Assert.Equal(
            steering.ShardOf(Packet(TcpNext, ports)),
            steering.ShardOf(Packet(HopByHop, Jumbo(TcpNext, 70_000), ports)));
    }

    [Theory]
    [InlineData(2)]
    [InlineData(5)]
    [InlineData(64)]
    public void Many_flows_fall_evenly(int shards)
    {
        var random = new Random(7);
        var steering = new Steering(shards, 0xdead_beef);
        int[] flows = new int[shards];
        for (int i = 0; i < 1000 * shards; i++)
        {
            flows[steering.ShardOf(SteeredFlow.Draw(random).Key)]++;
        }

        Assert.All(flows, count => Assert.InRange(count, 850, 1150));
    }

    [Fact]
    public void One_client_that_counts_its_ports_by_twos_leaves_no_shard_without_half_its_share_whatever_the_key()
    {
        var random = new Random(11);
        for (int i = 0; i < 2000; i++)
        {
            var steering = new Steering(8, (uint)random.NextInt64(1L << 32));
            int first = random.Next(32_768, 60_000);
            int[] flows = new int[8];
            for (int port = first; port < first + 2048; port += 2)
            {
                flows[steering.ShardOf(new FlowKey(Packets.Own, 80, Packets.Peer, (ushort)port))]++;
            }

            Assert.All(flows, count => Assert.InRange(count, 64, 256));
        }
    }

    [Fact]
    public void There_is_one_shard_or_up_to_64()
    {
        Assert.Equal(0, new Steering(1, Key).ShardOf(Packet(TcpNext, [0xc3, 0x51, 0, 80])));
        Assert.Throws<ArgumentOutOfRangeException>(() => new Steering(0, Key));
        Assert.Throws<ArgumentOutOfRangeException>(() => new Steering(65, Key));
    }
}
