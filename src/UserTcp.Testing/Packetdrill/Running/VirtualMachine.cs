using UserTcp.Buffers;
using UserTcp.Links;
using UserTcp.Primitives;
using UserTcp.Stack;
using UserTcp.Testing.Network;

namespace UserTcp.Testing.Packetdrill.Running;

/// <summary>A packet on the wire between the stack and the script.</summary>
internal sealed record WirePacket(Instant At, byte[] Bytes, bool IsInbound);

/// <summary>One stack on a wire whose other end is the script, in virtual time.</summary>
internal sealed class VirtualMachine : IDisposable
{
    public static readonly HostAddress Local = HostAddress.FromV4(0xC0A80001);
    public static readonly HostAddress Remote = HostAddress.FromV4(0xC0000201);

    private const int FramesPerPull = 64;
    private const int MaxTurns = 1_000_000;

    private readonly TxFrame[] _frames = new TxFrame[FramesPerPull];
    private readonly WireEnd _wire;
    private readonly LinkDevice _device;
    private int _turns;

    /// <param name="mtu">The MTU in bytes.</param>
    /// <param name="shards">The shards of the stack. The wire has one queue, that of the first.</param>
    public VirtualMachine(int mtu, int shards = 1)
    {
        _wire = new WireEnd(mtu, packet => Note(packet, isInbound: false));
        _device = new SoftwareOffload(_wire);
        var config = new StackConfig
        {
            Link = _device.Info,
            Mtu = mtu,
            MacAddress = default,
            Addresses = [new StackAddress(Local, 16)],
            Secret = new SipHash(0x7061636b, 0x64726c6c),
            Chunks = new ChunkPool(64 << 20),
            DetectConflicts = false,
            Shards = shards,
        };
        Core = new ShardGroup(config, Start) { NextQueue = static () => 0 };
        Now = Start;
    }

    /// <summary>When scripts begin: late enough for times in the past to be none of them.</summary>
    public static Instant Start { get; } = new(TimeSpan.TicksPerHour);

    public ShardGroup Core { get; }

    public Instant Now { get; private set; }

    /// <summary>What the stack sent and the script has not looked at yet.</summary>
    public List<WirePacket> Sent { get; } = [];

    /// <summary>All packets in both directions, in their order.</summary>
    public List<WirePacket> Trace { get; } = [];

    /// <summary>When somebody wants to look, whether anything happens or not.</summary>
    public Instant Alarm { get; set; } = Instant.Never;

    /// <summary>Hears of everything that the stack has to tell.</summary>
    public Action<Wakeup> OnWakeup { get; set; } = static _ => { };

    /// <summary>Is asked after everything that happened.</summary>
    public Action OnTurn { get; set; } = static () => { };

    /// <summary>The stack takes the packet in; what it has to say follows with the next <see cref="Turn"/>.</summary>
    public void Inject(byte[] packet)
    {
        Note(packet, isInbound: true);
        Core.OnFrame(new RxFrame(packet, default), Now);
    }

    /// <summary>The wire, or the way behind it, takes packets of this size from now on.</summary>
    public void SetMtu(int mtu)
    {
        Core.OnMtuChanged(mtu, Now);
        Turn();
    }

    /// <summary>Lets the stack send and tell all it has to.</summary>
    public void Turn()
    {
        bool isBusy;
        do
        {
            isBusy = false;
            for (int count; (count = Core.PullFrames(_frames, Now)) > 0; isBusy = true)
            {
                Core.FramesAccepted(_device.Transmit(_frames.AsSpan(0, count)));
            }

            while (Core.TryNextWakeup(out Wakeup wakeup))
            {
                OnWakeup(wakeup);
                isBusy = true;
            }

            if (isBusy)
                OnTurn();
        }
        while (isBusy || Core.HasPendingOutput);
    }

    /// <summary>
    /// Lets time pass up to an instant, or until it is said to be enough. False if the instant came first.
    /// </summary>
    public bool Run(Instant end, Func<bool> isEnough)
    {
        while (!isEnough())
        {
            Instant next = Instant.Min(Core.NextDeadline, Alarm);
            if (next > end || next.IsNever)
            {
                Now = Instant.Max(Now, end);
                OnTurn();
                Turn();
                return isEnough();
            }

            if (++_turns > MaxTurns)
                throw new InvalidOperationException("The stack's timers do not come to rest.");
            Now = Instant.Max(Now, next);
            if (Now >= Alarm)
                Alarm = Instant.Never;
            Core.OnDeadline(Now);
            OnTurn();
            Turn();
        }

        return true;
    }

    /// <summary>
    /// Lets time pass up to an instant, whose own timers have still to come: what a script does then comes first.
    /// </summary>
    public void RunUntil(Instant end)
    {
        if (end <= Now)
            return;

        Run(end - TimeSpan.FromTicks(1), static () => false);
        Now = end;
        OnTurn();
    }

    public void Dispose()
    {
        Core.Dispose();
        _device.Dispose();
    }

    private void Note(byte[] bytes, bool isInbound)
    {
        var packet = new WirePacket(Now, bytes, isInbound);
        Trace.Add(packet);
        if (!isInbound)
            Sent.Add(packet);
    }

    private sealed class WireEnd(int mtu, Action<byte[]> onPacket) : LinkDevice
    {
        public override LinkInfo Info { get; } = new()
        {
            Name = "packetdrill",
            Mtu = mtu,
            Medium = LinkMedium.Ip,
            Features = LinkFeatures.PointToPoint,
        };

        public override int Receive(RxBatch batch) => 0;

        public override int Transmit(ReadOnlySpan<TxFrame> frames)
        {
            foreach (ref readonly TxFrame frame in frames)
            {
                byte[] packet = new byte[frame.Length];
                frame.CopyTo(packet);
                onPacket(packet);
            }

            return frames.Length;
        }

        public override bool Wait(TimeSpan timeout) => false;

        public override void Wake()
        {
        }

        public override void Dispose()
        {
        }
    }
}
