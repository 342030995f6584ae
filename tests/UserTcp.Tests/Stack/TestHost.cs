using UserTcp.Buffers;
using UserTcp.Links;
using UserTcp.Primitives;
using UserTcp.Stack;
using UserTcp.Tcp;

namespace UserTcp.Tests.Stack;

/// <summary>What owns a connection in these tests: it hears of what the stack would tell Runtime.</summary>
internal abstract class TestApp
{
    public StackConnection? Connection { get; private set; }

    public TestHost Host { get; private set; } = null!;

    public Effects Seen { get; private set; }

    public UserTcpCloseReason CloseReason => Connection!.Tcb.CloseReason;

    public bool IsOver => (Seen & (Effects.Closed | Effects.TimeWait)) != 0;

    public void Attach(TestHost host, StackConnection connection)
    {
        Host = host;
        Connection = connection;
        host.Core.Adopt(connection, this);
    }

    public void Tell(Effects effects)
    {
        Seen |= effects;
        OnEffects(effects);
    }

    public void Call(UserCall call) => Host.Core.OnUserCall(Connection!, call, Host.Network.Now);

    protected abstract void OnEffects(Effects effects);
}

/// <summary>Does nothing with its connection.</summary>
internal sealed class IdleApp : TestApp
{
    protected override void OnEffects(Effects effects)
    {
    }
}

/// <summary>A stack on a <see cref="TestNetwork"/>, and the loop that Runtime would run.</summary>
internal sealed class TestHost : IDisposable
{
    private readonly TxFrame[] _frames = new TxFrame[64];
    private readonly LinkDevice _device;
    private readonly RxBatch _batch = new(1);

    public TestHost(TestNetwork network, StackConfig config, bool cutsSegments)
    {
        Network = network;
        Core = new Shard(new Host(config, network.Now));
        LinkFeatures plain = config.Link.Features & ~TestNetwork.OffloadFeatures;
        _device = cutsSegments
            ? new SoftwareOffload(new NetworkPort(this, config.Link with { Features = plain }))
            : new NetworkPort(this, config.Link);
    }

    public TestNetwork Network { get; }

    public Shard Core { get; }

    public StackCounters Counters => Core.Counters;

    public HostAddress Address => Core.Config.Addresses[0].Address;

    public List<Wakeup> OtherWakeups { get; } = [];

    /// <summary>How many frames the device takes at once; the rest has to wait.</summary>
    public int DeviceTakes { get; set; } = int.MaxValue;

    public StackListener Listen(
        ushort port, Func<TestApp>? apps = null, int backlog = 512, TcpConfig? config = null,
        UserTcpSynCookieMode cookies = UserTcpSynCookieMode.Never)
    {
        var call = new ListenCall
        {
            Mode = ListenMode.OwnAddresses,
            Port = port,
            Backlog = backlog,
            SynBacklog = 1024,
            SynCookies = cookies,
            Config = config ?? TestNetwork.Settings,
        };
        Assert.Equal(CallResult.Done, Core.Listen(call, out StackListener? listener));
        listener!.Owner = apps;
        return listener;
    }

    public T Connect<T>(T app, TestHost to, ushort port, TcpConfig? config = null)
        where T : TestApp
    {
        var call = new ConnectCall
        {
            Remote = to.Address, RemotePort = port, Config = config ?? TestNetwork.Settings,
        };
        Assert.Equal(CallResult.Done, Core.Connect(call, Network.Now, out StackConnection? connection));
        app.Attach(this, connection!);
        return app;
    }

    public void Receive(ReadOnlySpan<byte> frame, FrameOffload offload)
    {
        _batch.Clear();
        Assert.True(_batch.Add(frame, offload));
        Core.OnFrame(_batch[0], Network.Now);
    }

    /// <summary>A turn without receiving: timers, output, wake-ups, until nothing is left to do now.</summary>
    public void Turn()
    {
        if (Core.NextDeadline <= Network.Now)
            Core.OnDeadline(Network.Now);
        bool isBusy = true;
        while (isBusy)
        {
            bool isFull = Flush();
            isBusy = DispatchWakeups() || (Core.HasPendingOutput && !isFull);
        }
    }

    public void Dispose()
    {
        Core.Dispose();
        _device.Dispose();
        _batch.Dispose();
    }

    /// <summary>True if the device did not take all.</summary>
    private bool Flush()
    {
        int pulled;
        while ((pulled = Core.PullFrames(_frames, Network.Now)) > 0)
        {
            int taken = _device.Transmit(_frames.AsSpan(0, Math.Min(pulled, DeviceTakes)));
            Core.FramesAccepted(taken);
            if (taken < pulled)
                return true;
        }

        return false;
    }

    private bool DispatchWakeups()
    {
        bool any = false;
        while (Core.TryNextWakeup(out Wakeup wakeup))
        {
            any = true;
            if (wakeup.Kind == WakeupKind.Connection)
                ((TestApp)wakeup.Connection.Owner!).Tell(wakeup.Effects);
            else if (wakeup.Kind == WakeupKind.Listener && wakeup.Listener.Owner is Func<TestApp> apps)
                AcceptAll(wakeup.Listener, apps);
            else
                OtherWakeups.Add(wakeup);
        }

        return any;
    }

    private void AcceptAll(StackListener listener, Func<TestApp> apps)
    {
        while (Core.TryAccept(listener, out StackConnection? connection))
        {
            apps().Attach(this, connection!);
        }
    }

    /// <summary>The device: hands frames to the network at once.</summary>
    private sealed class NetworkPort(TestHost host, LinkInfo info) : LinkDevice
    {
        public override LinkInfo Info { get; } = info;

        public override int Receive(RxBatch batch) => 0;

        public override int Transmit(ReadOnlySpan<TxFrame> frames)
        {
            foreach (TxFrame frame in frames)
            {
                var bytes = new byte[frame.Length];
                frame.CopyTo(bytes);
                host.Network.Send(host, bytes, frame.Offload);
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
