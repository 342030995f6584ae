using UserTcp.Buffers;
using UserTcp.Links;
using UserTcp.Primitives;
using UserTcp.Stack;
using UserTcp.Tcp;

namespace UserTcp.Tests.Stack;

/// <summary>What happens to a frame on its way; null drops it.</summary>
internal delegate byte[]? WireRule(TestHost from, byte[] frame);

/// <summary>A link on which every host hears every frame, in virtual time. The same seed gives the same run.</summary>
internal sealed class TestNetwork : IDisposable
{
    public static readonly TcpConfig Settings = new();

    private readonly PriorityQueue<Delivery, (long Ticks, long Order)> _wire = new();
    private readonly List<TestHost> _hosts = [];
    private readonly Random _random;
    private long _order;
    private Instant _slowIsFree;

    public TestNetwork(int seed = 1) => _random = new Random(seed);

    public Instant Now { get; private set; } = new(TimeSpan.TicksPerDay);

    public TimeSpan Delay { get; set; } = TimeSpan.FromMilliseconds(1);

    public double Loss { get; set; }

    public double Duplication { get; set; }

    public double Reordering { get; set; }

    public double Corruption { get; set; }

    public WireRule? Rule { get; set; }

    /// <summary>A host that needs time for every frame it hears, and room for a few that wait.</summary>
    public (TestHost Host, TimeSpan PerFrame, int Queue)? Slow { get; set; }

    /// <summary>Frames that the slow host had no room for.</summary>
    public int Overflows { get; private set; }

    /// <summary>Every frame that was handed to the network, by whom.</summary>
    public List<(TestHost From, byte[] Bytes)> Sent { get; } = [];

    public bool Records { get; set; }

    public TestHost Add(int n, bool cuts = true, Func<StackConfig, StackConfig>? change = null)
    {
        StackConfig config = Config(n);
        var host = new TestHost(this, change?.Invoke(config) ?? config, cuts);
        _hosts.Add(host);
        return host;
    }

    public const LinkFeatures OffloadFeatures = LinkFeatures.TransmitChecksum | LinkFeatures.TransmitSegmentation;

    public static StackConfig Config(int n, LinkFeatures features = LinkFeatures.PointToPoint) => new()
    {
        Link = new LinkInfo { Name = "test" + n, Mtu = 1500, Features = features | OffloadFeatures },
        Mtu = 1500,
        MacAddress = MacAddress.CreateLocal([(byte)n, (byte)(n >> 8)]),
        Addresses = [new StackAddress(HostAddress.FromV4(0x0a000000 + (uint)n), 16)],
        Secret = new SipHash((ulong)n, 42),
        Chunks = new ChunkPool(256 << 20),
    };

    public void Send(TestHost from, byte[] frame, FrameOffload offload)
    {
        if (Records)
            Sent.Add((from, frame));
        byte[]? ruled = Rule is null ? frame : Rule(from, frame);
        if (ruled is null || Chance(Loss))
            return;

        Enqueue(from, ruled, offload);
        if (Chance(Duplication))
            Enqueue(from, ruled, offload);
    }

    /// <summary>Runs until the condition holds; fails if it does not within the time.</summary>
    public void RunUntil(Func<bool> isDone, double seconds = 600)
    {
        Instant end = Now + TimeSpan.FromSeconds(seconds);
        Settle();
        while (!isDone())
        {
            Assert.True(Step(end), $"Not done after {seconds} s of virtual time.");
        }
    }

    public void RunFor(double seconds)
    {
        Instant end = Now + TimeSpan.FromSeconds(seconds);
        Settle();
        while (Step(end))
        {
        }

        Now = end;
        Settle();
    }

    /// <summary>Lets every host do what is to be done now.</summary>
    public void Settle()
    {
        foreach (TestHost host in _hosts)
        {
            host.Turn();
        }
    }

    public void Dispose()
    {
        foreach (TestHost host in _hosts)
        {
            host.Dispose();
        }
    }

    /// <summary>Goes to the next instant at which anything happens; false if it lies after the end.</summary>
    private bool Step(Instant end)
    {
        Instant next = Instant.Never;
        foreach (TestHost host in _hosts)
        {
            next = Instant.Min(next, host.Core.NextDeadline);
        }

        if (_wire.TryPeek(out _, out (long Ticks, long) head))
            next = Instant.Min(next, new Instant(head.Ticks));
        if (next > end)
            return false;

        Now = Instant.Max(Now, next);
        while (_wire.TryPeek(out Delivery? delivery, out (long Ticks, long) due) && due.Ticks <= Now.Ticks)
        {
            _wire.Dequeue();
            Deliver(delivery);
        }

        Settle();
        return true;
    }

    private void Deliver(Delivery delivery)
    {
        foreach (TestHost host in _hosts)
        {
            if (!ReferenceEquals(host, delivery.From))
                host.Receive(delivery.Frame, delivery.Offload);
        }
    }

    private void Enqueue(TestHost from, byte[] frame, FrameOffload offload)
    {
        if (Chance(Corruption))
        {
            frame = (byte[])frame.Clone();
            frame[_random.Next(14, frame.Length)] ^= (byte)(1 << _random.Next(8));
        }

        if (Slow is { } slow && slow.Host != from)
        {
            EnqueueToSlow(from, frame, offload, slow.PerFrame, slow.Queue);
            return;
        }

        TimeSpan delay = Chance(Reordering) ? Delay * (1 + 5 * _random.NextDouble()) : Delay;
        _wire.Enqueue(new Delivery(from, frame, offload), ((Now + delay).Ticks, _order++));
    }

    private void EnqueueToSlow(TestHost from, byte[] frame, FrameOffload offload, TimeSpan perFrame, int queue)
    {
        _slowIsFree = Instant.Max(_slowIsFree, Now + Delay);
        if (_slowIsFree - (Now + Delay) > perFrame * queue)
        {
            Overflows++;
            return;
        }

        _slowIsFree += perFrame;
        _wire.Enqueue(new Delivery(from, frame, offload), (_slowIsFree.Ticks, _order++));
    }

    private bool Chance(double probability) => probability > 0 && _random.NextDouble() < probability;

    private sealed record Delivery(TestHost From, byte[] Frame, FrameOffload Offload);
}
