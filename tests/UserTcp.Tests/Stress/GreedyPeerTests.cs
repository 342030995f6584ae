using System.Buffers.Binary;
using UserTcp.Buffers;
using UserTcp.Primitives;
using UserTcp.Stack;
using UserTcp.Tcp;
using UserTcp.Tests.Ip;
using UserTcp.Tests.Stack;
using UserTcp.Wire;

namespace UserTcp.Tests.Stress;

/// <summary>Peers that keep the rules, and use them to take what they can.</summary>
public class GreedyPeerTests
{
    private static readonly byte[] s_synOptions = [2, 4, 5, 0xb4, 4, 2, 1, 1]; // MSS 1460, SACK permitted
    private static readonly TcpConfig s_settings = new() { Timestamps = false };

    private static void Send(
        StackBench bench, ushort from, TcpFlags flags, uint seq, uint ack, ushort window, byte[]? options = null,
        byte[]? text = null) => bench.HearPacket(HostileFrames.Segment(
            Packets.Peer, Packets.Own, from, StackBench.Port, flags, seq, ack, window, options, text));

    /// <summary>What the stack sends to the peer, who is there: it answers ARP.</summary>
    private static List<SentFrame> Pull(StackBench bench)
    {
        List<SentFrame> frames = bench.Pull();
        if (frames.RemoveAll(frame => frame.IsArp) > 0)
            bench.Hear(Packets.Reply(Packets.PeerMac, Packets.Peer, Packets.Own), Packets.OwnMac);
        return frames;
    }

    private static StackConnection Accept(StackBench bench, StackListener listener, ushort from, ushort window) =>
        Accept(bench, listener, from, window, out _);

    private static StackConnection Accept(
        StackBench bench, StackListener listener, ushort from, ushort window, out uint ack)
    {
        Send(bench, from, TcpFlags.Syn, 1000, 0, window, s_synOptions);
        SentFrame synAck = Assert.Single(
            Pull(bench), frame => frame.DestinationPort == from && frame.Flags.HasFlag(TcpFlags.Syn));
        ack = synAck.Seq + 1;
        Send(bench, from, TcpFlags.Ack, 1001, ack, window);
        Assert.True(bench.Core.TryAccept(listener, out StackConnection? connection));
        bench.Core.Adopt(connection!, new object());
        return connection!;
    }

    private static byte[] Sack(params uint[] edges)
    {
        byte[] option = [1, 1, 5, (byte)(2 + edges.Length * 4), .. new byte[edges.Length * 4]];
        for (int i = 0; i < edges.Length; i++)
        {
            BinaryPrimitives.WriteUInt32BigEndian(option.AsSpan(4 + i * 4), edges[i]);
        }

        return option;
    }

    [Fact]
    public void A_SYN_flood_beyond_every_limit_ends_with_its_last_SYN()
    {
        using var bench = new StackBench(c => c with { MaxHalfOpen = 300 });
        StackListener listener = bench.Listen(synBacklog: 200, config: s_settings);
        bench.Listen(port: 81, config: s_settings);
        for (int i = 0; i < 40_000; i++)
        {
            HostAddress source = HostAddress.FromV4(0xc6336400u + (uint)(i % 251));
            bench.HearPacket(HostileFrames.Segment(
                source, Packets.Own, (ushort)(1024 + i), (ushort)(80 + i % 2), TcpFlags.Syn, (uint)i, 0, 100));
            if (i % 100 == 0)
                Pull(bench);
            Assert.InRange(bench.Core.HalfOpenCount, 0, 300);
        }

        Assert.InRange(listener.Overflows, 1, 40_000);
        for (int second = 0; second < 300; second++)
        {
            bench.Advance(1);
            Pull(bench);
        }

        Assert.Equal(0, bench.Core.HalfOpenCount);
        Accept(bench, listener, 5000, 1000);
    }

    [Fact]
    public void Thousands_of_SACK_blocks_around_one_octet_holes_do_not_harm_the_transfer()
    {
        using var bench = new StackBench();
        StackConnection connection = Accept(bench, bench.Listen(config: s_settings), 5000, 65_535);
        bench.Write(connection, 400_000);
        uint una = Pull(bench)[0].Seq;
        int sent = 0;
        var random = new Random(1);
        for (int i = 0; i < 3_000; i++)
        {
            uint at = una + 1 + (uint)random.Next(60_000);
            Send(bench, 5000, TcpFlags.Ack, 1001, una, 65_535,
                Sack(at, at + 1, at + 2, at + 3, at + 4, at + 5));
            bench.Now += TimeSpan.FromMilliseconds(1);
            sent += Pull(bench).Sum(frame => frame.Text.Length);
            if (i % 10 == 0)
                bench.Advance(0.001);
        }

        Assert.InRange(sent, 0, 6_000_000);
        long end = connection.Send.End;
        for (int i = 0; i < 1_000 && connection.Send.Unacknowledged > 0; i++)
        {
            bench.Advance(0.05);
            foreach (SentFrame frame in Pull(bench))
            {
                // In order only: what was told by SACK was a lie, and is reneged on.
                int old = (int)(una - frame.Seq);
                if (old >= 0 && frame.Text.Length > old)
                    una += (uint)(frame.Text.Length - old);
            }

            Send(bench, 5000, TcpFlags.Ack, 1001, una, 65_535);
        }

        Assert.Equal((end, 0L), (connection.Send.Start, connection.Send.Unacknowledged));
        Assert.Equal(0, bench.Core.Config.Chunks.BytesOut);
    }

    [Fact]
    public void A_flood_of_octets_out_of_order_leaves_room_for_who_sends_in_order()
    {
        const long budget = 2 << 20;
        using var bench = new StackBench(c => c with { Chunks = new ChunkPool(budget) });
        StackListener listener = bench.Listen(backlog: 64, config: s_settings);
        var greedy = new List<StackConnection>();
        var acks = new uint[40];
        for (ushort i = 0; i < acks.Length; i++)
        {
            greedy.Add(Accept(bench, listener, (ushort)(6000 + i), 60_000, out acks[i]));
        }

        StackConnection good = Accept(bench, listener, 5000, 60_000, out uint goodAck);
        var random = new Random(7);
        uint seq = 1001;
        long read = 0;
        for (int i = 0; i < 20_000; i++)
        {
            uint ahead = 1001 + 2 + (uint)random.Next(60_000);
            Send(bench, (ushort)(6000 + i % 40), TcpFlags.Ack, ahead, acks[i % 40], 60_000, null, [1]);
            Assert.InRange(bench.Core.Config.Chunks.BytesOut, 0, budget);
            if (i % 20 != 0)
                continue;
            byte[] text = [.. Enumerable.Range((int)seq, 1000).Select(n => (byte)n)];
            Send(bench, 5000, TcpFlags.Ack, seq, goodAck, 60_000, null, text);
            Pull(bench);
            Assert.Equal(text, System.Buffers.BuffersExtensions.ToArray(good.Receive.Read()));
            read += text.Length;
            good.Receive.AdvanceTo(read, read);
            bench.Core.OnUserCall(good, UserCall.Receive, bench.Now);
            seq += 1000;
        }

        Assert.Equal(1_000_000, read);
        foreach (StackConnection connection in greedy)
        {
            Assert.InRange(connection.Receive.OutOfOrder.Count, 0, ReceiveQueue.LeastRanges);
            bench.Core.OnUserCall(connection, UserCall.Abort, bench.Now);
        }

        Pull(bench);
        Assert.Equal(0, bench.Core.Config.Chunks.BytesOut);
    }

    [Fact]
    public void Peers_with_a_shut_window_are_rid_of_once_the_application_has_let_go()
    {
        using var bench = new StackBench();
        int frames = LetGoOfMany(bench, window: 0, () => { });

        Assert.Equal((0, 0), (bench.Core.ConnectionCount, bench.Core.OrphanCount));
        Assert.Equal(0, bench.Core.Config.Chunks.BytesOut);
        Assert.InRange(frames, 400, 200 * 60);
    }

    /// <summary>They make progress, so that no timer ends them.</summary>
    [Theory]
    [InlineData(50, 64 << 20)]
    [InlineData(4096, 1 << 20)]
    public void Peers_that_take_an_octet_at_a_time_hold_no_more_than_the_limits(int maxOrphans, long budget)
    {
        const int slack = 2 * (Chunk.LargeSize + Chunk.SmallSize);
        using var bench = new StackBench(c => c with { MaxOrphans = maxOrphans, Chunks = new ChunkPool(budget) });
        int frames = LetGoOfMany(bench, window: 1, () =>
        {
            Assert.InRange(bench.Core.OrphanCount, 1, maxOrphans);
            Assert.InRange(bench.Core.Config.Chunks.BytesOut, 0, budget + slack);
        });

        Assert.Equal(bench.Core.OrphanCount, bench.Core.ConnectionCount);
        Assert.InRange(frames, 400, 200 * 600);
    }

    /// <summary>How many frames it took to serve two hundred such peers for four minutes.</summary>
    private static int LetGoOfMany(StackBench bench, ushort window, Action check)
    {
        StackListener listener = bench.Listen(backlog: 256, config: s_settings);
        int frames = 0;
        for (ushort i = 0; i < 200; i++)
        {
            StackConnection connection = Accept(bench, listener, (ushort)(6000 + i), window);
            bench.Write(connection, 20_000);
            connection.Receive.CloseReader(isViewReleased: true);
            bench.Core.OnUserCall(connection, UserCall.Detach, bench.Now);
            frames += Serve(bench, window);
            check();
        }

        for (int second = 0; second < 240; second++)
        {
            frames += Serve(bench, window);
            bench.Advance(1);
        }

        return frames;
    }

    // Takes an octet at a time, or says for ever that there is no room.
    private static int Serve(StackBench bench, ushort window)
    {
        List<SentFrame> sent = Pull(bench);
        foreach (SentFrame frame in sent.Where(frame => !frame.Flags.HasFlag(TcpFlags.Rst)))
        {
            uint taken = (uint)Math.Min(frame.Text.Length, window);
            Send(bench, frame.DestinationPort, TcpFlags.Ack, 1001, frame.Seq + taken, window);
        }

        return sent.Count;
    }
}
