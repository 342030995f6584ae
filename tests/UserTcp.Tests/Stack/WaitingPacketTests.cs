using System.Buffers.Binary;
using UserTcp.Ip;
using UserTcp.Primitives;
using UserTcp.Stack;
using UserTcp.Tests.Ip;
using UserTcp.Wire;

namespace UserTcp.Tests.Stack;

/// <summary>
/// A whole packet whose next hop is being resolved waits with its block of memory. No other packet gets the block.
/// </summary>
public sealed class WaitingPacketTests
{
    private const int Blocks = 64;

    private static HostAddress Host(int number) => Packets.Address($"192.0.2.{number}");

    private static MacAddress Mac(int number) => new([2, 0, 0, 0, 0, (byte)number]);

    // The data of a ping is a function of its destination and its number.
    private static byte[] Data(HostAddress host, ushort sequence)
    {
        var data = new byte[8 + sequence % 90];
        Array.Fill(data, (byte)(host.GetHashCode() * 31 + sequence));
        return data;
    }

    private static void Ping(StackBench bench, int number, ushort sequence) => Assert.Equal(
        CallResult.Done,
        bench.Core.Ping(Host(number), 1, sequence, Data(Host(number), sequence), 64, bench.Now));

    private static void Answer(StackBench bench, int number) =>
        bench.Hear(Packets.Reply(Mac(number), Host(number), Packets.Own));

    private static ushort CheckPing(SentFrame frame)
    {
        ushort sequence = BinaryPrimitives.ReadUInt16BigEndian(frame.IpPayload.AsSpan(6));
        Assert.Equal((IpProtocol.Icmp, IcmpType.EchoRequest), (frame.Protocol, frame.IcmpType));
        Assert.Equal(Mac(frame.Bytes[33]), frame.To);
        Assert.Equal(Data(frame.Destination, sequence), frame.IpPayload[8..]);
        return sequence;
    }

    [Fact]
    public void Packets_that_wait_for_their_next_hops_keep_their_bytes()
    {
        using var bench = new StackBench();
        for (int number = 10; number < 20; number++)
        {
            Ping(bench, number, (ushort)number);
            Assert.True(Assert.Single(bench.Pull()).IsArp);
        }

        for (int number = 19; number >= 10; number--)
        {
            Answer(bench, number);
            Assert.Equal(number, CheckPing(Assert.Single(bench.Pull())));
        }
    }

    [Fact]
    public void A_packet_that_found_no_host_gives_its_memory_back_once()
    {
        using var bench = new StackBench();
        Ping(bench, 10, 1);
        bench.Pull();
        bench.Advance(4);
        bench.Pull();
        Ping(bench, 11, 2);
        Ping(bench, 12, 3);
        bench.Pull();
        Answer(bench, 11);
        Answer(bench, 12);

        Assert.Equal([2, 3], bench.Pull().Select(frame => (int)CheckPing(frame)));
    }

    /// <summary>Pings, hosts that answer ARP late or never, and a device that takes what it likes, at random.</summary>
    [Fact]
    public void Every_ping_that_leaves_carries_its_own_data_whatever_happens_to_others()
    {
        for (int seed = 0; seed < 300; seed++)
        {
            var random = new Random(seed);
            using var bench = new StackBench(c => c with { Ip = new IpLimits { MaxNeighbors = 16 } });
            ushort sequence = 0;
            for (int step = 0; step < 200; step++)
            {
                int number = random.Next(10, 40);
                switch (random.Next(6))
                {
                    case 0 or 1:
                        ushort next = ++sequence;
                        bench.Core.Ping(Host(number), 1, next, Data(Host(number), next), 64, bench.Now);
                        break;
                    case 2:
                        Answer(bench, number);
                        break;
                    case 3:
                        bench.Advance(random.NextDouble());
                        break;
                    default:
                        foreach (SentFrame frame in bench.PullOnce(random.Next(4)).Where(frame => !frame.IsArp))
                            CheckPing(frame);
                        break;
                }
            }

            // Every host answers or is given up: all memory is back.
            for (int second = 0; second < 5; second++)
            {
                bench.Advance(1);
                while (bench.PullOnce(Blocks).Count > 0)
                {
                }
            }

            bench.Hear(Packets.Request(Packets.PeerMac, Packets.Peer, Packets.Own));
            bench.Pull();
            for (ushort i = 0; i < Blocks; i++)
            {
                Assert.Equal(CallResult.Done, bench.Core.Ping(Packets.Peer, 2, i, [], 64, bench.Now));
            }
        }
    }
}
