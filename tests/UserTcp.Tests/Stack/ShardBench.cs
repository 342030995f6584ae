using UserTcp.Diagnostics;
using UserTcp.Links;
using UserTcp.Primitives;
using UserTcp.Stack;
using UserTcp.Tcp;
using UserTcp.Tests.Ip;
using UserTcp.Wire;

namespace UserTcp.Tests.Stack;

/// <summary>
/// The shards of one host, fed with frames made by hand as <see cref="StackBench"/> is. The peer's link address is
/// known to all from the start, and nothing is carried from one to another but by the test.
/// </summary>
internal sealed class ShardBench : IDisposable
{
    private readonly RxBatch _batch = new(1);
    private readonly TxFrame[] _frames = new TxFrame[FrameSlots.Count];

    public ShardBench(int shards, Func<StackConfig, StackConfig>? change = null, bool knowsPeer = true)
    {
        StackConfig config = StackBench.Config() with { Shards = shards };
        Host = new Host(change?.Invoke(config) ?? config, Packets.Start);
        Shards = [.. Enumerable.Range(0, shards).Select(index => new Shard(Host, index))];
        if (!knowsPeer)
            return;
        Hear(0, Arp(Packets.Request(Packets.PeerMac, Packets.Peer, Packets.Own)));
        Carry();
        Assert.True(Assert.Single(Pull(0)).IsArp);
    }

    public Host Host { get; }

    public Shard[] Shards { get; }

    public Instant Now { get; set; } = Packets.Start;

    /// <summary>A frame with an ARP packet, to everybody.</summary>
    public static byte[] Arp(in ArpPacket arp)
    {
        byte[] bytes = new byte[ArpPacket.Size];
        arp.WriteTo(bytes);
        return Packets.Frame(MacAddress.Broadcast, arp.SenderMac, 0x0806, bytes);
    }

    /// <summary>A packet from the peer's station to ours.</summary>
    public static byte[] Frame(byte[] packet) => Packets.Frame(Packets.OwnMac, Packets.PeerMac, 0x0800, packet);

    /// <summary>A segment of the peer to our port.</summary>
    public static byte[] Segment(TcpFlags flags, uint seq, uint ack = 0, byte[]? text = null, ushort from = 0) =>
        Frame(Packets.Ipv4(Packets.Peer, Packets.Own, StackBench.Segment(flags, seq, ack, text, from)));

    /// <summary>A port of the peer whose flow to our port a shard has.</summary>
    /// <param name="shard">The shard.</param>
    /// <param name="skipped">How many ports are left out.</param>
    public ushort PeerPortOf(int shard, int skipped = 0) => (ushort)Enumerable.Range(StackBench.PeerPort, 2000)
        .Where(port => Host.Steering.ShardOf(FlowFrom((ushort)port)) == shard)
        .Skip(skipped).First();

    public static FlowKey FlowFrom(ushort peerPort) =>
        new(Packets.Own, StackBench.Port, Packets.Peer, peerPort);

    public StackListener[] Listen(
        int backlog = 8, int synBacklog = 1024, ListenMode mode = ListenMode.OwnAddresses,
        ushort port = StackBench.Port)
    {
        var call = new ListenCall
        {
            Mode = mode,
            Port = port,
            Backlog = backlog,
            SynBacklog = synBacklog,
            HandsOutRequests = mode == ListenMode.AnyAddress,
            Config = new TcpConfig { Timestamps = false },
            Load = new ListenerLoad(),
        };
        var listeners = new StackListener[Shards.Length];
        for (int i = 0; i < listeners.Length; i++)
        {
            Assert.Equal(CallResult.Done, Shards[i].Listen(call, out StackListener? listener));
            listeners[i] = listener!;
            call = call with { Port = listener!.Port };
        }

        return listeners;
    }

    public CallResult Connect(
        int shard, out StackConnection? connection, ushort localPort = 0, HostAddress? to = null,
        bool timestamps = false)
    {
        var call = new ConnectCall
        {
            Remote = to ?? Packets.Peer,
            RemotePort = StackBench.Port,
            LocalPort = localPort,
            Config = new TcpConfig { Timestamps = timestamps },
        };
        return Shards[shard].Connect(call, Now, out connection);
    }

    public FrameOutcome Hear(int shard, byte[] frame, FrameOffload offload = default)
    {
        _batch.Clear();
        Assert.True(_batch.Add(frame, offload));
        return Shards[shard].OnFrame(_batch[0], Now);
    }

    /// <summary>All that a shard has for others.</summary>
    public List<HandOver> HandOversOf(int shard)
    {
        var all = new List<HandOver>();
        while (Shards[shard].TryNextHandOver(out HandOver handOver))
        {
            all.Add(handOver);
        }

        return all;
    }

    public FrameOutcome Bring(in HandOver handOver)
    {
        FrameOutcome outcome = Shards[handOver.Shard].OnHandOver(handOver);
        handOver.Return();
        return outcome;
    }

    /// <summary>Carries what is to be handed over until nothing is left, and says how much it was.</summary>
    public int Carry()
    {
        int carried = 0;
        for (int before = -1; before < carried;)
        {
            before = carried;
            for (int i = 0; i < Shards.Length; i++)
            {
                foreach (HandOver handOver in HandOversOf(i))
                {
                    Bring(handOver);
                    carried++;
                }
            }
        }

        return carried;
    }

    /// <summary>All that a shard wants to send now; the device takes it.</summary>
    public List<SentFrame> Pull(int shard)
    {
        var sent = new List<SentFrame>();
        do
        {
            for (int pulled; (pulled = Shards[shard].PullFrames(_frames, Now)) > 0;)
            {
                foreach (TxFrame frame in _frames.AsSpan(0, pulled))
                {
                    byte[] bytes = new byte[frame.Length];
                    frame.CopyTo(bytes);
                    sent.Add(new SentFrame(bytes, frame.Offload));
                }

                Shards[shard].FramesAccepted(pulled);
            }
        }
        while (Shards[shard].HasPendingOutput);
        return sent;
    }

    /// <summary>The peer's whole handshake with a listener, at the shard of its flow; our initial number.</summary>
    public uint Handshake(int shard, ushort from, uint seq = 1000)
    {
        Hear(shard, Segment(TcpFlags.Syn, seq, from: from));
        SentFrame synAck = Assert.Single(Pull(shard));
        Assert.Equal(TcpFlags.Syn | TcpFlags.Ack, synAck.Flags);
        Hear(shard, Segment(TcpFlags.Ack, seq + 1, synAck.Seq + 1, from: from));
        return synAck.Seq;
    }

    public long Drops(int shard, PacketDropReason reason) => Shards[shard].Counters.Drops(reason);

    public void Dispose()
    {
        Array.ForEach(Shards, static shard => shard.Dispose());
        _batch.Dispose();
    }
}
