using System.Diagnostics.Metrics;
using System.IO.Pipelines;
using System.Text;
using Microsoft.Extensions.Logging;
using UserTcp.Buffers;
using UserTcp.Diagnostics;
using UserTcp.Ip;
using UserTcp.Links;
using UserTcp.Primitives;
using UserTcp.Stack;
using UserTcp.Tcp;

namespace UserTcp.Runtime;

/// <summary>The options of a stack, validated and out of the caller's reach.</summary>
internal sealed class StackSettings
{
    public LinkDevice? Link { get; init; }

    public string? LinkName { get; init; }

    public bool LeaveLinkOpen { get; init; }

    public string? Name { get; init; }

    public int Shards { get; init; } = 1;

    public MacAddress? MacAddress { get; init; }

    public required IReadOnlyList<StackAddress> Addresses { get; init; }

    public HostAddress? Gateway { get; init; }

    /// <summary>Where connects and pings to a loopback address go; null: nowhere.</summary>
    public HostAddress? LoopbackAlias { get; init; }

    public IReadOnlyList<StackRoute> Routes { get; init; } = [];

    public int? Mtu { get; init; }

    public bool DetectConflicts { get; init; }

    public ushort FirstEphemeralPort { get; init; }

    public ushort LastEphemeralPort { get; init; }

    public required ConnectionSettings ConnectionDefaults { get; init; }

    public int MaxConnections { get; init; }

    public int MaxHalfOpen { get; init; }

    public int MaxOrphans { get; init; }

    public int MaxTimeWait { get; init; }

    public long MaxBufferedBytes { get; init; }

    public TimeSpan ShutdownTimeout { get; init; }

    public TimeSpan TimeWait { get; init; }

    public int ChallengeAcksPerSecond { get; init; }

    public int ChallengeAcksPerConnection { get; init; }

    public int StrangerRepliesPerSecond { get; init; }

    public required IpLimits Ip { get; init; }

    public ChecksumPolicy Checksums { get; init; }

    public bool RespondToPing { get; init; }

    public TimeSpan SpinTime { get; init; }

    public required TimeProvider TimeProvider { get; init; }

    public ILoggerFactory? LoggerFactory { get; init; }

    public IMeterFactory? MeterFactory { get; init; }

    public required TapSet Taps { get; init; }

    public required PipeScheduler Scheduler { get; init; }

    public int? Seed { get; init; }

    /// <summary>Who turns the stack; null: a thread of its own.</summary>
    public IStackDriver? Driver { get; init; }

    /// <summary>
    /// How the tasks that applications await are completed: not on the thread that found out, unless a driver sees to
    /// it that this thread has nothing else to do.
    /// </summary>
    public TaskCreationOptions Completions =>
        Driver is null ? TaskCreationOptions.RunContinuationsAsynchronously : TaskCreationOptions.None;

    /// <summary>The core's settings, for a stack on a link.</summary>
    public StackConfig ToConfig(LinkInfo link) => new()
    {
        Shards = Shards,
        Link = link,
        Mtu = Math.Min(Mtu ?? link.Mtu, link.Mtu),
        MacAddress = MacAddress ?? DefaultMac(link.Name, Addresses[0]),
        Addresses = Addresses,
        Gateway = Gateway,
        Routes = Routes,
        Secret = Entropy.Secret(Seed),
        Chunks = new ChunkPool(MaxBufferedBytes),
        RespondToPing = RespondToPing,
        DetectConflicts = DetectConflicts,
        Checksums = Checksums,
        FirstEphemeralPort = FirstEphemeralPort,
        LastEphemeralPort = LastEphemeralPort,
        MaxConnections = MaxConnections,
        MaxHalfOpen = MaxHalfOpen,
        MaxOrphans = MaxOrphans,
        MaxTimeWait = MaxTimeWait,
        TimeWait = TimeWait,
        ChallengeAcksPerSecond = ChallengeAcksPerSecond,
        ChallengeAcksPerConnection = ChallengeAcksPerConnection,
        StrangerRepliesPerSecond = StrangerRepliesPerSecond,
        Ip = Ip,
    };

    // Stable, so that a restarted process is still known to its neighbours; different for stacks side by side.
    private static MacAddress DefaultMac(string link, StackAddress address) =>
        global::UserTcp.MacAddress.CreateLocal(Encoding.UTF8.GetBytes($"{link} {address.Address}"));
}

/// <summary>The options of a connection, validated and out of the caller's reach.</summary>
internal sealed record ConnectionSettings
{
    private SharedConfig? _shared;

    public HostAddress? LocalAddress { get; init; }

    public ushort LocalPort { get; init; }

    public TimeSpan? ConnectTimeout { get; init; }

    /// <summary>What a connection may change. All that begin with these settings share it until then.</summary>
    public required LiveSettings Live { get; init; }

    public int ReceiveBufferBytes { get; init; }

    public int SendBufferBytes { get; init; }

    public long MaxHeldBytes { get; init; }

    public int? MaxSegmentSize { get; init; }

    public bool WindowScaling { get; init; }

    public bool SelectiveAcknowledgments { get; init; }

    public bool Timestamps { get; init; }

    public int InitialWindowSegments { get; init; }

    public TimeSpan InitialRto { get; init; }

    public TimeSpan MinRto { get; init; }

    public TimeSpan MaxRto { get; init; }

    public int RetransmitLimit { get; init; }

    public int AdviceThreshold { get; init; }

    public int SynAckRetries { get; init; }

    public TimeSpan PersistMax { get; init; }

    public TimeSpan SynTimeout { get; init; }

    public TimeSpan DelayedAck { get; init; }

    public TimeSpan? LingerTimeout { get; init; }

    /// <summary>Null: the stack's.</summary>
    public PipeScheduler? Scheduler { get; init; }

    public CongestionControl CongestionControl { get; init; } = CongestionControl.Cubic;

    public UserTcpLossRecoveryOptions LossRecovery { get; init; } = new();

    public bool Pacing { get; init; }

    public bool SlowStartAfterIdle { get; init; }

    public UserTcpEcnMode Ecn { get; init; }

    public bool AutoTuneBuffers { get; init; }

    public bool BlackHoleDetection { get; init; }

    /// <summary>The machine's settings, for a connection of a stack. All its connections share them.</summary>
    public TcpConfig ToConfig(StackConfig stack)
    {
        SharedConfig? shared = _shared;
        if (shared is null || !shared.IsOf(this, stack))
            _shared = shared = new SharedConfig(this, stack, MakeConfig(stack));
        return shared.Config;
    }

    private TcpConfig MakeConfig(StackConfig stack)
    {
        Mss mss = Mss.FromMtu(stack.Mtu, IpFamily.V4);
        var config = new TcpConfig
        {
            Live = Live,
            ReceiveBufferBytes = ReceiveBufferBytes,
            SendBufferBytes = SendBufferBytes,
            ReceiveMss = MaxSegmentSize is int size ? Mss.Min(mss, new Mss(size)) : mss,
            WindowScaling = WindowScaling,
            SelectiveAcknowledgments = SelectiveAcknowledgments,
            Timestamps = Timestamps,
            InitialWindowSegments = InitialWindowSegments,
            InitialRto = InitialRto,
            MinRto = MinRto,
            MaxRto = MaxRto,
            R2 = RetransmitLimit,
            R1 = AdviceThreshold,
            SynAckRetries = SynAckRetries,
            PersistMax = PersistMax,
            SynR2 = SynTimeout,
            DelayedAck = DelayedAck,
            TimeWait = stack.TimeWait,
        };
        return WithRecovery(config);
    }

    private TcpConfig WithRecovery(TcpConfig config) => config with
    {
        CongestionControl = CongestionControl,
        LossRecovery = LossRecovery,
        Pacing = Pacing,
        SlowStartAfterIdle = SlowStartAfterIdle,
        Ecn = Ecn,
        AutoTuneBuffers = AutoTuneBuffers,
        BlackHoleDetection = BlackHoleDetection,
    };

    /// <summary>Immutable. A copy of the settings with another value has it too, and makes its own.</summary>
    private sealed class SharedConfig(ConnectionSettings settings, StackConfig stack, TcpConfig config)
    {
        public TcpConfig Config => config;

        public bool IsOf(ConnectionSettings others, StackConfig otherStack) =>
            ReferenceEquals(settings, others) && ReferenceEquals(stack, otherStack);
    }
}

/// <summary>The options of a listener, validated and out of the caller's reach.</summary>
internal sealed record ListenerSettings
{
    public required HostAddress Address { get; init; }

    public required ushort Port { get; init; }

    public int Backlog { get; init; }

    public int SynBacklog { get; init; }

    public bool AnyAddress { get; init; }

    public bool HandsOutRequests { get; init; }

    public UserTcpSynCookieMode SynCookies { get; init; }

    public ConnectionSettings? Connection { get; init; }
}
