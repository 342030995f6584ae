using UserTcp.Buffers;
using UserTcp.Links;
using UserTcp.Primitives;
using UserTcp.Stack;
using UserTcp.Tcp;

namespace UserTcp.Testing.Network;

/// <summary>A program on a <see cref="CoreHost"/>: it owns one connection and hears what happens to it.</summary>
internal abstract class CoreApp
{
    private StackConnection? _connection;

    public CoreHost Host { get; private set; } = null!;

    public StackConnection Connection => _connection!;

    public Effects Seen { get; private set; }

    public bool IsOver => (Seen & (Effects.Closed | Effects.TimeWait)) != 0;

    public void Attach(CoreHost host, StackConnection connection)
    {
        Host = host;
        _connection = connection;
        host.Core.Adopt(connection, this);
    }

    public void Tell(Effects effects)
    {
        Seen |= effects;
        OnEffects(effects);
    }

    /// <summary>Makes a call of RFC 9293 §3.9.1; the host is given a turn for what follows from it.</summary>
    public void Call(UserCall call)
    {
        Host.Core.OnUserCall(Connection, call, Host.Now);
        Host.Network.MarkDirty(Host);
    }

    protected abstract void OnEffects(Effects effects);
}

/// <summary>A stack without tasks and threads, and the loop that Runtime would run around it.</summary>
internal sealed class CoreHost : Station
{
    private const int FramesPerPull = 64;

    /// <summary>A host that has so many turns in a second, and neither sends nor receives anything, spins.</summary>
    private const int MaxIdleTurns = 20_000;

    private readonly TxFrame[] _frames = new TxFrame[FramesPerPull];
    private readonly LinkDevice _device;
    private long _idleSince;
    private int _idleTurns;

    public CoreHost(
        SimulatedNetwork network, string name, SimulatedLinkOptions link,
        Func<StackConfig, StackConfig>? configure = null)
        : base(network, name, link)
    {
        _device = new SoftwareOffload(new PortDevice(this, link.Mtu, network.Frames, Inbox));
        var config = new StackConfig
        {
            Link = _device.Info,
            Mtu = link.Mtu,
            MacAddress = Mac,
            Addresses = [new StackAddress(Address, PrefixLength)],
            Secret = new SipHash(network.Seed, (ulong)Number),
            Chunks = new ChunkPool(256 << 20),
            DetectConflicts = false,
        };
        Core = new ShardGroup(configure?.Invoke(config) ?? config, Now);
    }

    public ShardGroup Core { get; }

    /// <summary>The most frames that one batch held.</summary>
    public int LargestBatch { get; private set; }

    /// <summary>How many of the frames that have arrived the next batch takes, if there are so many.</summary>
    public Func<int> NextBatch { get; set; } = static () => RxBatch.DefaultCapacity;

    /// <summary>The host's own clock.</summary>
    public Instant Now => Network.Time + ClockOffset;

    protected override Instant NextTurn =>
        Core.NextDeadline.IsNever ? Instant.Never : Core.NextDeadline - ClockOffset;

    public GroupListener? Listen(
        ushort port, Func<StackConnection, CoreApp> apps, TcpConfig config, int backlog = 512)
    {
        var call = new ListenCall
        {
            Mode = ListenMode.OwnAddresses,
            Port = port,
            Backlog = backlog,
            SynBacklog = 1024,
            Config = config,
        };
        Core.Listen(call, apps, out GroupListener? listener);
        return listener;
    }

    public void Close(GroupListener listener)
    {
        Core.CloseListener(listener, Now);
        Network.MarkDirty(this);
    }

    public CallResult Connect(CoreApp app, in ConnectCall call)
    {
        CallResult result = Core.Connect(call, Now, out StackConnection? connection);
        if (result == CallResult.Done)
            app.Attach(this, connection!);
        Network.MarkDirty(this);
        return result;
    }

    public override void Dispose()
    {
        Core.Dispose();
        _device.Dispose();
    }

    protected override void Turn()
    {
        do
        {
            NoteTurn(hasFrames: Inbox.Count > 0);
            ReceiveBatch();
            if (Core.NextDeadline <= Now)
                Core.OnDeadline(Now);
            SendAndTell();
        }
        while (Inbox.Count > 0);
    }

    // Time stands still while a host has something to do: one that spins would stop it for ever.
    private void NoteTurn(bool hasFrames)
    {
        long second = Network.Time.Ticks / TimeSpan.TicksPerSecond;
        _idleTurns = hasFrames || second != _idleSince ? 0 : _idleTurns + 1;
        _idleSince = second;
        if (_idleTurns > MaxIdleTurns)
            throw new InvalidOperationException($"{Name} spins: {MaxIdleTurns} turns without a frame in a second.");
    }

    private void ReceiveBatch()
    {
        int most = NextBatch();
        LargestBatch = Math.Max(LargestBatch, Math.Min(most, Inbox.Count));
        for (int left = most; left > 0 && Inbox.TryDequeue(out Frame? frame); left--)
        {
            Core.OnFrame(new RxFrame(frame.Bytes, default), Now);
            frame.Return();
        }
    }

    private void SendAndTell()
    {
        do
        {
            for (int count; (count = Core.PullFrames(_frames, Now)) > 0;)
            {
                Core.FramesAccepted(_device.Transmit(_frames.AsSpan(0, count)));
                _idleTurns = 0;
            }

            NoteTurn(hasFrames: false);
        }
        while (TellApps() || Core.HasPendingOutput);
    }

    private bool TellApps()
    {
        bool any = false;
        while (Core.TryNextWakeup(out Wakeup wakeup))
        {
            any = true;
            if (wakeup.Kind == WakeupKind.Connection)
                ((CoreApp)wakeup.Connection.Owner!).Tell(wakeup.Effects);
            else if (wakeup.Kind == WakeupKind.Listener && wakeup.Listener.Owner is GroupListener listener)
                AcceptAll(listener, (Func<StackConnection, CoreApp>)listener.Owner!);
        }

        return any;
    }

    private void AcceptAll(GroupListener listener, Func<StackConnection, CoreApp> apps)
    {
        while (Core.TryAccept(listener, out StackConnection? connection))
        {
            apps(connection!).Attach(this, connection!);
        }
    }
}
