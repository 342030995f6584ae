using System.Buffers.Binary;
using UserTcp.Buffers;
using UserTcp.Diagnostics;
using UserTcp.Links;
using UserTcp.Primitives;
using UserTcp.Stack;
using UserTcp.Tcp;
using UserTcp.Tests.Ip;
using UserTcp.Tests.Wire;
using UserTcp.Wire;

namespace UserTcp.Tests.Stack;

/// <summary>A frame that the stack sent, in one piece.</summary>
internal sealed record SentFrame(byte[] Bytes, FrameOffload Offload)
{
    public MacAddress To => new(Bytes);

    public bool IsArp => Bytes[12] == 8 && Bytes[13] == 6;

    public HostAddress Source => HostAddress.ReadV4(Bytes.AsSpan(26));

    public HostAddress Destination => HostAddress.ReadV4(Bytes.AsSpan(30));

    public IpProtocol Protocol => (IpProtocol)Bytes[23];

    public byte TimeToLive => Bytes[22];

    public byte[] IpPayload => Bytes[34..];

    public TcpFlags Flags => (TcpFlags)IpPayload[13];

    public uint Seq => BinaryPrimitives.ReadUInt32BigEndian(IpPayload.AsSpan(4));

    public uint Ack => BinaryPrimitives.ReadUInt32BigEndian(IpPayload.AsSpan(8));

    public ushort SourcePort => BinaryPrimitives.ReadUInt16BigEndian(IpPayload);

    public ushort DestinationPort => BinaryPrimitives.ReadUInt16BigEndian(IpPayload.AsSpan(2));

    public ushort UrgentPointer => BinaryPrimitives.ReadUInt16BigEndian(IpPayload.AsSpan(18));

    public byte[] Text => IpPayload[((IpPayload[12] >> 4) * 4)..];

    public IcmpType IcmpType => (IcmpType)IpPayload[0];

    public byte IcmpCode => IpPayload[1];
}

/// <summary>
/// One stack, fed with frames made by hand, its answers read back as frames. The network is that of
/// <see cref="Packets"/>; the peer's link address is known from the start.
/// </summary>
internal sealed class StackBench : IDisposable
{
    public const ushort Port = 80;
    public const ushort PeerPort = 5000;

    private readonly RxBatch _batch = new(1);
    private readonly TxFrame[] _frames = new TxFrame[FrameSlots.Count];

    public StackBench(
        Func<StackConfig, StackConfig>? change = null, bool knowsPeer = true,
        Func<Host, IOutputSource>? source = null)
    {
        StackConfig config = Config();
        var host = new Host(change?.Invoke(config) ?? config, Packets.Start);
        Core = source is null
            ? new Shard(host)
            : new Shard(host, 0, source(host));
        if (!knowsPeer)
            return;
        Hear(Packets.Request(Packets.PeerMac, Packets.Peer, Packets.Own));
        Assert.True(Assert.Single(Pull()).IsArp);
    }

    public Shard Core { get; }

    /// <summary>What became of the last frame.</summary>
    public FrameOutcome Outcome { get; private set; }

    public Instant Now { get; set; } = Packets.Start;

    public long Drops(PacketDropReason reason) => Core.Counters.Drops(reason);

    public static StackConfig Config(LinkFeatures features = LinkFeatures.PointToPoint) => new()
    {
        Link = new LinkInfo { Name = "bench", Mtu = 1500, Features = features | TestNetwork.OffloadFeatures },
        Mtu = 1500,
        MacAddress = Packets.OwnMac,
        Addresses = [new StackAddress(Packets.Own, 24)],
        Gateway = Packets.Router,
        Secret = new SipHash(3, 4),
        Chunks = new ChunkPool(64 << 20),
    };

    public StackListener Listen(
        ushort port = Port, ListenMode mode = ListenMode.OwnAddresses, int backlog = 8, int synBacklog = 1024,
        TcpConfig? config = null, UserTcpSynCookieMode cookies = UserTcpSynCookieMode.Never)
    {
        var call = new ListenCall
        {
            Mode = mode,
            Address = Packets.Own,
            Port = port,
            Backlog = backlog,
            SynBacklog = synBacklog,
            HandsOutRequests = mode == ListenMode.AnyAddress,
            SynCookies = cookies,
            Config = config ?? new TcpConfig { Timestamps = false },
        };
        Assert.Equal(CallResult.Done, Core.Listen(call, out StackListener? listener));
        return listener!;
    }

    public StackConnection Connect(HostAddress? to = null, ushort port = Port, ushort localPort = 0)
    {
        Assert.Equal(CallResult.Done, TryConnect(out StackConnection? connection, to, port, localPort));
        return connection!;
    }

    public CallResult TryConnect(
        out StackConnection? connection, HostAddress? to = null, ushort port = Port, ushort localPort = 0,
        HostAddress? local = null)
    {
        var call = new ConnectCall
        {
            Remote = to ?? Packets.Peer,
            RemotePort = port,
            Local = local,
            LocalPort = localPort,
            Config = new TcpConfig { Timestamps = false },
        };
        return Core.Connect(call, Now, out connection);
    }

    public void Hear(byte[] frame, FrameOffload offload = default)
    {
        _batch.Clear();
        Assert.True(_batch.Add(frame, offload));
        Outcome = Core.OnFrame(_batch[0], Now);
    }

    public void Hear(in ArpPacket arp, MacAddress? to = null)
    {
        var bytes = new byte[ArpPacket.Size];
        arp.WriteTo(bytes);
        Hear(Packets.Frame(to ?? MacAddress.Broadcast, arp.SenderMac, 0x0806, bytes));
    }

    public void HearPacket(byte[] packet, MacAddress? to = null) =>
        Hear(Packets.Frame(to ?? Packets.OwnMac, Packets.PeerMac, 0x0800, packet));

    /// <summary>A segment of the peer, or of somebody else.</summary>
    public void Hear(
        TcpFlags flags, uint seq, uint ack = 0, byte[]? text = null, ushort from = PeerPort, ushort to = Port,
        HostAddress? source = null, HostAddress? destination = null) =>
        HearPacket(Packets.Ipv4(
            source ?? Packets.Peer, destination ?? Packets.Own,
            Segment(flags, seq, ack, text, from, to, source, destination)));

    public static byte[] Segment(
        TcpFlags flags, uint seq, uint ack = 0, byte[]? text = null, ushort from = PeerPort, ushort to = Port,
        HostAddress? source = null, HostAddress? destination = null)
    {
        byte[] segment = [.. new byte[20], .. text ?? []];
        BinaryPrimitives.WriteUInt16BigEndian(segment, from);
        BinaryPrimitives.WriteUInt16BigEndian(segment.AsSpan(2), to);
        BinaryPrimitives.WriteUInt32BigEndian(segment.AsSpan(4), seq);
        BinaryPrimitives.WriteUInt32BigEndian(segment.AsSpan(8), ack);
        segment[12] = 5 << 4;
        segment[13] = (byte)flags;
        BinaryPrimitives.WriteUInt16BigEndian(segment.AsSpan(14), 60_000);
        var pseudo = new byte[12];
        (source ?? Packets.Peer).WriteV4(pseudo);
        (destination ?? Packets.Own).WriteV4(pseudo.AsSpan(4));
        pseudo[9] = 6;
        BinaryPrimitives.WriteUInt16BigEndian(pseudo.AsSpan(10), (ushort)segment.Length);
        BinaryPrimitives.WriteUInt16BigEndian(
            segment.AsSpan(16), (ushort)~InternetChecksumTests.Naive([.. pseudo, .. segment]));
        return segment;
    }

    public static byte[] Icmp(IcmpType type, byte code, uint rest, byte[] body)
    {
        var message = new byte[8 + body.Length];
        IcmpMessage.WriteError(message, type, code, rest, body);
        return message;
    }

    /// <summary>All that the stack wants to send now; the device takes it.</summary>
    public List<SentFrame> Pull()
    {
        var sent = new List<SentFrame>();
        do
        {
            int pulled;
            while ((pulled = Core.PullFrames(_frames, Now)) > 0)
            {
                sent.AddRange(Copy(pulled));
                Core.FramesAccepted(pulled);
            }
        }
        while (Core.HasPendingOutput);
        return sent;
    }

    /// <summary>One pull of which the device takes only the first frames; all of them are shown.</summary>
    public List<SentFrame> PullOnce(int taken, int room = FrameSlots.Count)
    {
        int pulled = Core.PullFrames(_frames.AsSpan(0, room), Now);
        List<SentFrame> frames = Copy(pulled);
        Core.FramesAccepted(Math.Min(taken, pulled));
        return frames;
    }

    public void Advance(double seconds)
    {
        Instant end = Now + TimeSpan.FromSeconds(seconds);
        while (Core.NextDeadline <= end)
        {
            Now = Instant.Max(Now, Core.NextDeadline);
            Core.OnDeadline(Now);
        }

        Now = end;
    }

    public List<Wakeup> Wakeups()
    {
        var wakeups = new List<Wakeup>();
        while (Core.TryNextWakeup(out Wakeup wakeup))
        {
            wakeups.Add(wakeup);
        }

        return wakeups;
    }

    /// <summary>The peer's whole handshake with a listener; our initial sequence number.</summary>
    public uint Handshake(ushort from = PeerPort, ushort to = Port, uint seq = 1000, HostAddress? destination = null)
    {
        Hear(TcpFlags.Syn, seq, from: from, to: to, destination: destination);
        SentFrame synAck = Assert.Single(Pull());
        Assert.Equal(TcpFlags.Syn | TcpFlags.Ack, synAck.Flags);
        Hear(TcpFlags.Ack, seq + 1, synAck.Seq + 1, from: from, to: to, destination: destination);
        return synAck.Seq;
    }

    /// <summary>Our connection to the peer, established; the peer's numbers begin at 1000.</summary>
    public StackConnection Established(ushort localPort = 4000, ushort mss = 536)
    {
        StackConnection connection = Connect(localPort: localPort);
        SentFrame syn = Assert.Single(Pull());
        byte[] option = [2, 4, (byte)(mss >> 8), (byte)mss];
        byte[] synAck = Segment(TcpFlags.Syn | TcpFlags.Ack, 1000, syn.Seq + 1, option, Port, localPort);
        synAck[12] = 6 << 4; // what looked like text is an option
        Hear(
            Packets.Frame(Packets.OwnMac, Packets.PeerMac, 0x0800, Packets.Ipv4(Packets.Peer, Packets.Own, synAck)),
            new FrameOffload { Flags = FrameOffloadFlags.DataValid });
        Pull();
        Assert.Equal(TcpState.Established, connection.Tcb.State);
        return connection;
    }

    public void Write(StackConnection connection, int bytes)
    {
        for (int left = bytes; left > 0;)
        {
            int count = Math.Min(left, connection.Send.GetMemory(1).Length);
            connection.Send.Advance(count);
            connection.Send.Publish();
            left -= count;
        }

        Core.OnUserCall(connection, UserCall.Send, Now);
    }

    public void Dispose()
    {
        Core.Dispose();
        _batch.Dispose();
    }

    private List<SentFrame> Copy(int count)
    {
        var copies = new List<SentFrame>();
        foreach (TxFrame frame in _frames.AsSpan(0, count))
        {
            var bytes = new byte[frame.Length];
            frame.CopyTo(bytes);
            copies.Add(new SentFrame(bytes, frame.Offload));
        }

        return copies;
    }
}
