using UserTcp.Buffers;
using UserTcp.Primitives;
using UserTcp.Stack;
using UserTcp.Tcp;
using UserTcp.Testing.Network;
using UserTcp.Testing.Rules;

namespace UserTcp.Testing.Goodput;

/// <summary>One transfer over one path, cold: nothing is known of it, not even the peer's MAC address.</summary>
internal sealed class GoodputRun : IDisposable
{
    private const ushort Port = 80;
    private const int SmallestQueue = 150_000;
    private const int SmallestBuffer = 1 << 20;
    private const double ReorderedShare = 0.01;
    private const int BitsPerByte = 8;
    private static readonly TimeSpan s_longest = TimeSpan.FromHours(1);

    private readonly SimulatedNetwork _network;
    private readonly BulkReader _reader = new();

    public GoodputRun(GoodputCell cell, ulong seed, long bytes)
    {
        _network = new SimulatedNetwork(seed);
        long underWay = (long)(cell.BitsPerSecond / BitsPerByte * cell.RoundTrip.TotalSeconds);
        var link = new SimulatedLinkOptions
        {
            BitsPerSecond = cell.BitsPerSecond,
            Delay = cell.RoundTrip / 2,
            QueueBytes = Math.Max(SmallestQueue, underWay),
        };
        var receiver = new CoreHost(_network, "receiver", new SimulatedLinkOptions(), WithBudget);
        var sender = new CoreHost(_network, "sender", link, WithBudget);
        if (cell.Loss > 0)
            sender.Link.Outgoing.Add(new DataLoss(cell.Loss));
        if (cell.Reorders)
            sender.Link.Outgoing.Add(new Reordering(ReorderedShare, cell.RoundTrip / 4));

        // What is under way, as much again in the queue, and what waits for a retransmission meanwhile.
        int buffer = (int)Math.Max(SmallestBuffer, 4 * underWay);
        var config = new TcpConfig { ReceiveBufferBytes = buffer, SendBufferBytes = buffer };
        receiver.Listen(Port, _ => _reader, config);
        sender.Connect(
            new BulkWriter(bytes), new ConnectCall { Remote = receiver.Address, RemotePort = Port, Config = config });
    }

    /// <summary>What arrives between two times, in bits per second.</summary>
    public double Measure(TimeSpan from, TimeSpan to)
    {
        _network.RunFor(from);
        long before = _reader.BytesRead;
        _network.RunFor(to - from);
        return (_reader.BytesRead - before) * BitsPerByte / (to - from).TotalSeconds;
    }

    /// <summary>When all has been read.</summary>
    public TimeSpan Complete()
    {
        Instant end = _network.Time + s_longest;
        do
        {
            _network.Settle();
        }
        while (!_reader.IsAtEnd && _network.Step(end));
        return _network.Now;
    }

    public void Dispose() => _network.Dispose();

    private static StackConfig WithBudget(StackConfig config) =>
        config with { Chunks = new ChunkPool(int.MaxValue) };

    /// <summary>Frames with text are lost: a lost SYN or ARP costs a second, which says nothing of recovery.</summary>
    private sealed class DataLoss(double probability) : ILinkRule
    {
        public Fate OnFrame(ReadOnlySpan<byte> frame, TimeSpan now, SeededRandom random) =>
            random.Chance(probability) && FrameKind.IsTcpData(frame) ? Fate.Drop : Fate.Pass;
    }
}
