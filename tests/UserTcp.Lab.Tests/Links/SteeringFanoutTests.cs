using System.Buffers.Binary;
using System.Diagnostics;
using UserTcp.Lab.Tests.Support;
using UserTcp.Lab.Tests.Wires;
using UserTcp.Links;
using UserTcp.Links.Native;
using UserTcp.Wire;

namespace UserTcp.Lab.Tests.Links;

/// <summary>The kernel runs our program, from the network header on, and comes to the formula's result.</summary>
public sealed class SteeringFanoutTests
{
    private const int Frames = 2000;
    private const int LinkHeader = 14;
    private const ushort Mark = 0x02ab; // the first half of a source address
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(60);

    [LabTheory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(5)]
    public void Each_frame_reaches_the_socket_that_the_formula_names(int shards)
    {
        using NetworkNamespace a = NetworkNamespace.Create("a");
        using NetworkNamespace b = NetworkNamespace.Create("b");
        VethPair.Create(a, b, offloads: false);
        using PacketSocket sender = PacketSocket.Open(a, "veth0");
        var steering = new Steering(shards, 0x5eed_1234);
        PacketSocket[] sockets = [.. Enumerable.Range(0, shards).Select(_ => PacketSocket.Open(b, "veth1"))];
        try
        {
            FilterInstruction[] program = SteeringFilter.Compile(steering);
            Array.ForEach(sockets, socket => socket.Join(1, program));
            byte[][] packets = [.. Packets(new Random(shards))];
            for (int i = 0; i < packets.Length; i++)
            {
                sender.Send(Frame(packets[i], i));
            }

            int[] expected = [.. packets.Select(packet => steering.ShardOf(packet))];
            Assert.Equal(expected, Collect(sockets));
            Assert.Equal(shards, expected.Distinct().Count());
        }
        finally
        {
            Array.ForEach(sockets, socket => socket.Dispose());
        }
    }

    /// <summary>The number of the socket that got each frame.</summary>
    private static int[] Collect(PacketSocket[] sockets)
    {
        int[] owners = [.. Enumerable.Repeat(-1, Frames)];
        byte[] buffer = new byte[2048];
        var watch = Stopwatch.StartNew();
        for (int left = Frames; left > 0 && watch.Elapsed < s_limit;)
        {
            for (int i = 0; i < sockets.Length; i++)
            {
                while (sockets[i].Receive(buffer, TimeSpan.FromMilliseconds(1)) > 0)
                {
                    if (BinaryPrimitives.ReadUInt16BigEndian(buffer.AsSpan(6)) != Mark)
                        continue; // the kernel's own

                    int number = BinaryPrimitives.ReadInt32BigEndian(buffer.AsSpan(8));
                    Assert.Equal(-1, owners[number]);
                    owners[number] = i;
                    left--;
                }
            }
        }

        return owners;
    }

    private static byte[] Frame(byte[] packet, int number)
    {
        byte[] frame = [2, 0, 0, 0, 0, 0x0b, 0, 0, 0, 0, 0, 0, 0, 0, .. packet];
        bool isV6 = packet.Length > 0 && packet[0] >> 4 == 6;
        BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(6), Mark);
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(8), number);
        BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(LinkHeader - 2), (ushort)(isV6 ? 0x86dd : 0x0800));
        return frame;
    }

    /// <summary>Random packets, most of them TCP or UDP, some of them for the first socket by their kind.</summary>
    private static IEnumerable<byte[]> Packets(Random random)
    {
        for (int i = 0; i < Frames; i++)
        {
            byte[] packet = new byte[random.Next(8) == 0 ? random.Next(1, 60) : random.Next(60, 100)];
            random.NextBytes(packet);
            bool isV6 = random.Next(2) == 0;
            packet[0] = (byte)(isV6 ? 0x60 : 0x40 | random.Next(4, 16));
            Set(packet, isV6 ? 6 : 9, (byte[])[6, 17, 6, 17, 6, 17, 0, 0, 1, 44, 58], random);
            Set(packet, isV6 ? 40 : 6, (byte[])[0x40, 0, 6, 17, 6, 0], random);
            Set(packet, isV6 ? 41 : 7, (byte[])[0, 0, 0, 0, 1], random);
            yield return packet;
        }
    }

    private static void Set(byte[] packet, int at, byte[] choices, Random random)
    {
        if (at < packet.Length)
            packet[at] = choices[random.Next(choices.Length)];
    }
}
