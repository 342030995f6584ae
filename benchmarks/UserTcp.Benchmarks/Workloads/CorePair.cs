using UserTcp.Links;
using UserTcp.Primitives;
using UserTcp.Stack;
using UserTcp.Tcp;

namespace UserTcp.Benchmarks.Workloads;

/// <summary>
/// Two stacks over a <see cref="VirtualLink"/>, turned by hand in one thread: frames, tables, timers and egress, but no
/// door, no scheduler and no second processor. Time is an argument, so nothing here waits.
/// </summary>
internal sealed class CorePair : IDisposable
{
    /// <summary>What a plain Ethernet carries: whole segments, every checksum finished and verified.</summary>
    public const LinkFeatures Plain = LinkFeatures.PointToPoint;

    /// <summary>As <see cref="Plain"/>, but nobody looks at a checksum that crosses no wire.</summary>
    public const LinkFeatures WithoutChecksums =
        LinkFeatures.PointToPoint | LinkFeatures.TransmitChecksum | LinkFeatures.ReceiveChecksumInfo;

    /// <summary>Text of a full segment, beside which timestamps have their place.</summary>
    public const int SegmentBytes = 1460;

    private const int TimestampBytes = 12;
    private const int HeaderBytes = 40;
    private const int MostIdleTurns = 100;
    private const ushort Port = 80;
    private static readonly TimeSpan s_turn = TimeSpan.FromMicroseconds(20);
    private static readonly TimeSpan s_timeWait = TimeSpan.FromSeconds(61);

    private readonly TcpConfig _settings = new() { ReceiveMss = new Mss(SegmentBytes + TimestampBytes) };
    private readonly (Host Client, Host Server) _hosts;
    private readonly CoreEnd _client;
    private readonly CoreEnd _server;
    private readonly StackListener _listener;
    private readonly StackConnection _sender;
    private readonly StackConnection _receiver;
    private Instant _now = Start;

    /// <summary>Opens a connection that stays.</summary>
    public CorePair(LinkFeatures features)
        : this(MakeLink(features, LinkMedium.Ethernet), shards: 1)
    {
    }

    private CorePair((VirtualLink First, VirtualLink Second) link, int shards)
        : this(link, (CoreEnd.MakeHost(link.First.Info, 1, shards), CoreEnd.MakeHost(link.Second.Info, 2, shards)), 0)
    {
    }

    private CorePair((VirtualLink First, VirtualLink Second) link, (Host Client, Host Server) hosts, int shard)
    {
        _hosts = hosts;
        _client = new CoreEnd(link.First, hosts.Client, shard);
        _server = new CoreEnd(link.Second, hosts.Server, shard);
        var listen = new ListenCall
        {
            Mode = ListenMode.OwnAddresses, Port = Port, Backlog = 16, SynBacklog = 16, Config = _settings,
        };
        if (_server.Core.Listen(listen, out StackListener? listener) != CallResult.Done)
            throw new InvalidOperationException("The stack does not listen.");

        _listener = listener!;
        (_sender, _receiver) = Connect();
    }

    /// <summary>The time at which both stacks are made.</summary>
    public static Instant Start { get; } = new(TimeSpan.TicksPerDay);

    /// <summary>
    /// The shards of two stacks, each with a link and a connection of its own. Nobody asks for neighbours: shard 0 alone
    /// would answer.
    /// </summary>
    public static IReadOnlyList<CorePair> MakeShards(LinkFeatures features, int count)
    {
        var first = new CorePair(MakeLink(features, LinkMedium.Ip), count);
        return
        [
            first,
            .. Enumerable.Range(1, count - 1).Select(
                shard => new CorePair(MakeLink(features, LinkMedium.Ip), first._hosts, shard)),
        ];
    }

    /// <summary>Carries octets from the client's application to the server's.</summary>
    public void Transfer(int bytes) => Carry(_client, _sender, _server, _receiver, bytes);

    /// <summary>A request and its answer: each end writes, the other reads.</summary>
    public void Exchange(int requestBytes, int answerBytes)
    {
        Carry(_client, _sender, _server, _receiver, requestBytes);
        Carry(_server, _receiver, _client, _sender, answerBytes);
    }

    /// <summary>
    /// A connection is opened and closed, by the server first. What its end left in TIME-WAIT is forgotten.
    /// </summary>
    public void ConnectAndClose()
    {
        (StackConnection client, StackConnection server) = Connect();
        _server.Core.OnUserCall(server, UserCall.Close, _now);
        Settle();
        _client.Core.OnUserCall(client, UserCall.Close, _now);
        Settle();
        if (!client.IsForgotten || !server.IsForgotten || _server.Core.TimeWaitCount != 1)
            throw new InvalidOperationException("The connection did not end.");

        _now += s_timeWait;
        Settle();
    }

    public void Dispose()
    {
        _client.Dispose();
        _server.Dispose();
    }

    private static (VirtualLink, VirtualLink) MakeLink(LinkFeatures features, LinkMedium medium) =>
        VirtualLink.CreatePair(new VirtualLinkOptions
        {
            Mtu = HeaderBytes + TimestampBytes + SegmentBytes, Features = features, Medium = medium,
        });

    private (StackConnection Client, StackConnection Server) Connect()
    {
        var call = new ConnectCall { Remote = _server.Address, RemotePort = Port, Config = _settings };
        CallResult result = _client.Core.Connect(call, _now, out StackConnection? client);
        Settle();
        if (result != CallResult.Done || !_server.Core.TryAccept(_listener, out StackConnection? server))
            throw new InvalidOperationException("The handshake did not complete.");

        _client.Core.Adopt(client!, this);
        _server.Core.Adopt(server!, this);
        return (client!, server!);
    }

    private void Carry(CoreEnd from, StackConnection source, CoreEnd to, StackConnection sink, int bytes)
    {
        int unwritten = bytes;
        int unread = bytes;
        for (int idle = 0; unread > 0; idle++)
        {
            unwritten -= unwritten > 0 ? from.Write(source, unwritten, _now) : 0;
            bool isBusy = from.Turn(_now) | to.Turn(_now);
            unread -= to.Read(sink, _now);
            Tick();
            if (isBusy)
                idle = 0;
            else if (idle == MostIdleTurns)
                SkipToDeadline();
        }
    }

    private void Settle()
    {
        while (_client.Turn(_now) | _server.Turn(_now))
        {
            Tick();
        }
    }

    private void Tick() => _now += s_turn;

    private void SkipToDeadline()
    {
        Instant deadline = Instant.Min(_client.Core.NextDeadline, _server.Core.NextDeadline);
        if (deadline.IsNever)
            throw new InvalidOperationException("The transfer stands still and no timer is armed.");

        _now = Instant.Max(_now, deadline);
    }
}
