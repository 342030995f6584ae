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
    private const int FramesPerTurn = RxBatch.DefaultCapacity;
    private const int FramesPerPull = 64;

    private readonly TxFrame[] _frames = new TxFrame[FramesPerPull];
    private readonly LinkDevice _device;

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
        Core = new StackCore(configure?.Invoke(config) ?? config, Now);
    }

    public StackCore Core { get; }

    /// <summary>The host's own clock.</summary>
    public Instant Now => Network.Time + ClockOffset;

    protected override Instant NextTurn =>
        Core.NextDeadline.IsNever ? Instant.Never : Core.NextDeadline - ClockOffset;

    public StackListener? Listen(
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
        if (Core.Listen(call, out StackListener? listener) != CallResult.Done)
            return null;

        listener!.Owner = apps;
        return listener;
    }

    public void Close(StackListener listener)
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
            ReceiveBatch();
            if (Core.NextDeadline <= Now)
                Core.OnDeadline(Now);
            SendAndTell();
        }
        while (Inbox.Count > 0);
    }

    private void ReceiveBatch()
    {
        for (int i = 0; i < FramesPerTurn && Inbox.TryDequeue(out Frame? frame); i++)
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
                Core.FramesAccepted(_device.Transmit(_frames.AsSpan(0, count)), Now);
            }
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
            else if (wakeup.Kind == WakeupKind.Listener && wakeup.Listener.Owner is Func<StackConnection, CoreApp> apps)
                AcceptAll(wakeup.Listener, apps);
        }

        return any;
    }

    private void AcceptAll(StackListener listener, Func<StackConnection, CoreApp> apps)
    {
        while (Core.TryAccept(listener, out StackConnection? connection))
        {
            apps(connection!).Attach(this, connection!);
        }
    }
}
