using System.Buffers;
using UserTcp.Diagnostics;
using UserTcp.Links;
using UserTcp.Primitives;
using UserTcp.Stack;
using UserTcp.Tcp;
using UserTcp.Tests.Ip;
using UserTcp.Wire;

namespace UserTcp.Tests.Stack;

/// <summary>What arrives at one shard and belongs to another is handed over, and nothing else is.</summary>
public sealed class HandOverTests : IDisposable
{
    private readonly ShardBench _bench = new(3);

    public void Dispose() => _bench.Dispose();

    [Theory]
    [InlineData(0, 1)]
    [InlineData(1, 0)]
    [InlineData(1, 2)]
    public void A_frame_that_arrives_at_another_shard_is_handled_by_its_own(int arrival, int owner)
    {
        _bench.Listen();
        byte[] frame = ShardBench.Segment(TcpFlags.Syn, 1000, from: _bench.PeerPortOf(owner));
        Assert.True(_bench.Hear(arrival, frame).IsHandedOver);
        HandOver handOver = Assert.Single(_bench.HandOversOf(arrival));
        Assert.Equal((owner, HandOverKind.Frame), (handOver.Shard, handOver.Kind));
        Assert.Equal(frame, handOver.Bytes.ToArray());
        Assert.Equal(PacketDropReason.None, _bench.Bring(handOver).Drop);

        Assert.Equal(TcpFlags.Syn | TcpFlags.Ack, Assert.Single(_bench.Pull(owner)).Flags);
        Assert.Empty(_bench.Pull(arrival));
        Assert.Equal((1, 0), (_bench.Shards[owner].HalfOpenCount, _bench.Shards[arrival].HalfOpenCount));
    }

    [Fact]
    public void A_frame_is_counted_where_it_belongs_and_its_way_where_it_arrived()
    {
        _bench.Listen();
        (long there, long here) = (Received(1), Received(2));
        _bench.Hear(2, ShardBench.Segment(TcpFlags.Syn, 1000, from: _bench.PeerPortOf(1)));
        Assert.Equal(1, _bench.Carry());
        Assert.Equal((there + 1, here), (Received(1), Received(2)));
        Assert.Equal((0L, 1L), (_bench.Shards[1].Counters.HandedOver, _bench.Shards[2].Counters.HandedOver));

        long Received(int shard) => _bench.Shards[shard].Counters.FramesReceived;
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void A_frame_that_arrives_at_its_own_shard_stays_there(int shard)
    {
        _bench.Listen();
        ushort port = _bench.PeerPortOf(shard);
        _bench.Handshake(shard, port);
        Assert.Equal(1, _bench.Shards[shard].ConnectionCount);
        Assert.Equal(0, _bench.Carry());
    }

    [Fact]
    public void What_the_device_and_the_clock_said_of_a_frame_goes_with_it()
    {
        _bench.Listen();
        ushort port = _bench.PeerPortOf(1);
        byte[] frame = ShardBench.Segment(TcpFlags.Syn, 1000, from: port);
        frame[50] ^= 0xff; // of the checksum
        _bench.Hear(0, frame);
        _bench.Carry();
        Assert.Equal(1, _bench.Drops(1, PacketDropReason.BadChecksum));

        _bench.Hear(0, frame, new FrameOffload { Flags = FrameOffloadFlags.DataValid });
        Instant arrival = _bench.Now;
        _bench.Now += TimeSpan.FromSeconds(3);
        HandOver handOver = Assert.Single(_bench.HandOversOf(0));
        Assert.Equal(arrival, handOver.Arrival);
        _bench.Bring(handOver);
        Assert.Equal(1, _bench.Shards[1].HalfOpenCount);
    }

    [Fact]
    public void Frames_of_several_shards_in_one_batch_come_in_each_in_its_order()
    {
        StackListener[] listeners = _bench.Listen();
        ushort[] ports = [_bench.PeerPortOf(0), _bench.PeerPortOf(1), _bench.PeerPortOf(2)];
        uint[] iss = [.. ports.Select((port, shard) => _bench.Handshake(shard, port))];
        for (byte piece = 0; piece < 3; piece++)
        {
            for (int shard = 0; shard < 3; shard++)
            {
                byte[] text = [(byte)(10 * shard + piece)];
                _bench.Hear(0, ShardBench.Segment(TcpFlags.Ack, 1001u + piece, iss[shard] + 1, text, ports[shard]));
            }
        }

        Assert.Equal(6, _bench.Carry());
        for (int shard = 0; shard < 3; shard++)
        {
            Assert.True(_bench.Shards[shard].TryAccept(listeners[shard], out StackConnection? connection));
            byte[] read = connection!.Receive.Read().ToArray();
            Assert.Equal([(byte)(10 * shard), (byte)(10 * shard + 1), (byte)(10 * shard + 2)], read);
            Assert.Equal(1004u, Assert.Single(_bench.Pull(shard)).Ack);
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    public void A_datagram_in_parts_is_put_together_by_the_first_shard(int arrival)
    {
        StackListener[] listeners = _bench.Listen();
        ushort port = _bench.PeerPortOf(1);
        uint iss = _bench.Handshake(1, port);
        byte[] text = [.. Enumerable.Range(0, 100).Select(i => (byte)i)];
        byte[] segment = StackBench.Segment(TcpFlags.Ack, 1001, iss + 1, text, port);
        foreach ((int at, int end) in new[] { (0, 64), (64, segment.Length) })
        {
            int more = end < segment.Length ? 0x2000 : 0;
            byte[] part = Packets.Ipv4(
                Packets.Peer, Packets.Own, segment[at..end], id: 7, fragment: more | at / 8);
            _bench.Hear(arrival, ShardBench.Frame(part));
        }

        Assert.Equal(arrival == 0 ? 1 : 3, _bench.Carry()); // the parts as frames, and then the whole
        Assert.True(_bench.Shards[1].TryAccept(listeners[1], out StackConnection? connection));
        Assert.Equal(text, connection!.Receive.Read().ToArray());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    public void An_ICMP_error_reaches_the_connection_that_it_is_about(int arrival)
    {
        Assert.Equal(CallResult.Done, _bench.Connect(1, out StackConnection? connection));
        HearUnreachable(arrival, code: 3, nextHopMtu: 0, Assert.Single(_bench.Pull(1)));
        Assert.Equal(TcpState.SynSent, connection!.Tcb.State);
        Assert.Equal(arrival == 0 ? 1 : 2, _bench.Carry());
        Assert.Equal(UserTcpCloseReason.Refused, connection.Tcb.CloseReason);
    }

    [Fact]
    public void A_path_that_takes_less_is_told_to_the_shard_whose_packet_was_too_long()
    {
        Assert.Equal(CallResult.Done, _bench.Connect(1, out StackConnection? connection));
        Assert.Equal(CallResult.Done, _bench.Connect(2, out StackConnection? other));
        HearUnreachable(0, code: 4, nextHopMtu: 1000, Assert.Single(_bench.Pull(1)));
        _bench.Carry();
        Assert.Equal(1000, connection!.Tcb.Describe(_bench.Now).PathMtu);
        Assert.Equal(1500, other!.Tcb.Describe(_bench.Now).PathMtu);
        Assert.Equal(CallResult.Done, _bench.Connect(1, out StackConnection? later));
        Assert.Equal(1000, later!.Tcb.Describe(_bench.Now).PathMtu);
    }

    [Fact]
    public void What_quotes_a_flow_of_nobody_is_dropped_by_the_shard_that_would_have_it()
    {
        Assert.Equal(CallResult.Done, _bench.Connect(2, out StackConnection? connection));
        SentFrame syn = Assert.Single(_bench.Pull(2));
        _bench.Shards[2].OnUserCall(connection!, UserCall.Abort, _bench.Now);
        HearUnreachable(0, code: 3, nextHopMtu: 0, syn);
        _bench.Carry();
        Assert.Equal(0, _bench.Drops(0, PacketDropReason.UnsolicitedIcmp));
        Assert.Equal(1, _bench.Drops(2, PacketDropReason.UnsolicitedIcmp));
    }

    /// <summary>
    /// Where a listener of any address was, a packet to another host may be for one of its connections, which may be
    /// another shard's.
    /// </summary>
    [Fact]
    public void An_ICMP_error_to_an_address_that_is_not_ours_reaches_the_connection_that_has_it()
    {
        StackListener[] listeners = _bench.Listen(mode: ListenMode.AnyAddress, port: 0);
        ushort port = (ushort)Enumerable.Range(5000, 1000).First(one => _bench.Host.Steering.ShardOf(
            new FlowKey(Packets.Far, StackBench.Port, Packets.Peer, (ushort)one)) == 1);
        _bench.Hear(1, Far(TcpFlags.Syn, 1000, 0, port));
        Assert.True(_bench.Shards[1].TryNextWakeup(out Wakeup wakeup));
        StackRequest request = wakeup.Request;
        Assert.True(_bench.Shards[1].AcceptRequest(request, new TcpConfig { Timestamps = false }, _bench.Now));
        SentFrame synAck = Assert.Single(_bench.Pull(1));
        _bench.Hear(1, Far(TcpFlags.Ack, 1001, synAck.Seq + 1, port));
        StackConnection connection = request.Connection!;
        for (int i = 0; i < 3; i++)
        {
            _bench.Shards[i].CloseListener(listeners[i], _bench.Now);
        }

        connection.Send.GetMemory(1).Span[0] = 1;
        connection.Send.Advance(1);
        connection.Send.Publish();
        _bench.Shards[1].OnUserCall(connection, UserCall.Send, _bench.Now);
        HearUnreachable(0, code: 4, nextHopMtu: 1000, Assert.Single(_bench.Pull(1)), Packets.Far);
        Assert.Equal(1, _bench.Carry());
        Assert.Equal(1000, connection.Tcb.Describe(_bench.Now).PathMtu);

        _bench.Hear(1, Far(TcpFlags.Rst, 1001, 0, port));
        Assert.Equal(0, _bench.Host.Counts.Foreign.Value);
        HearUnreachable(0, code: 4, nextHopMtu: 1000, synAck, Packets.Far);
        Assert.Equal(1, _bench.Drops(0, PacketDropReason.NotForUs));
    }

    private void HearUnreachable(int shard, byte code, uint nextHopMtu, SentFrame quoted, HostAddress? to = null) =>
        _bench.Hear(shard, ShardBench.Frame(Packets.Ipv4(
            Packets.Peer, to ?? Packets.Own,
            StackBench.Icmp(IcmpType.DestinationUnreachable, code, nextHopMtu, quoted.Bytes[14..42]), 1)));

    private static byte[] Far(TcpFlags flags, uint seq, uint ack, ushort from) => ShardBench.Frame(Packets.Ipv4(
        Packets.Peer, Packets.Far, StackBench.Segment(flags, seq, ack, from: from, destination: Packets.Far)));
}
