using System.Net;
using UserTcp.Primitives;
using UserTcp.Runtime;
using UserTcp.Tcp;

namespace UserTcp;

public sealed partial class UserTcpConnectionOptions
{
    /// <summary>The two bits below belong to ECN (RFC 3168 §5).</summary>
    internal const int TrafficClassMask = 0xfc;

    private const int SmallestBuffer = 2048;
    private const int LargestBuffer = 1 << 30;
    private const int DefaultHeldBuffers = 4;
    private static readonly int s_largestSegment = ushort.MaxValue - IpFamily.V4.SegmentHeaderBytes;
    private static readonly TimeSpan s_hour = TimeSpan.FromHours(1);
    private static readonly TimeSpan s_second = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_millisecond = TimeSpan.FromMilliseconds(1);

    /// <summary>Checks every option, as each call that takes these options does.</summary>
    /// <exception cref="ArgumentException">Two options contradict each other, or one is null.</exception>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of its range; named by the property.</exception>
    public void Validate() => ToSettings();

    /// <summary>Checks every option and makes the copy that connections live by.</summary>
    internal ConnectionSettings ToSettings()
    {
        CheckSizes();
        CheckTimes();
        ArgumentNullException.ThrowIfNull(CongestionControl);
        ArgumentNullException.ThrowIfNull(LossRecovery);
        OptionCheck.Defined(Ecn, nameof(Ecn));
        return WithRecovery(new ConnectionSettings
        {
            LocalAddress = CheckLocalAddress(),
            LocalPort = OptionCheck.Port(LocalEndPoint?.Port ?? 0, 0, nameof(LocalEndPoint)),
            ConnectTimeout = ConnectTimeout,
            Live = ToLiveSettings(),
            ReceiveBufferBytes = ReceiveBufferSize,
            SendBufferBytes = SendBufferSize,
            MaxHeldBytes = MaxHeldBytes ?? (long)DefaultHeldBuffers * ReceiveBufferSize,
            MaxSegmentSize = MaxSegmentSize,
            WindowScaling = WindowScaling,
            SelectiveAcknowledgments = SelectiveAcknowledgments,
            Timestamps = Timestamps,
            InitialWindowSegments = InitialWindowSegments,
            InitialRto = InitialRetransmitTimeout,
            MinRto = MinRetransmitTimeout,
            MaxRto = MaxRetransmitTimeout,
            RetransmitLimit = RetransmitLimit,
            AdviceThreshold = RetransmitAdviceThreshold,
            SynAckRetries = SynAckRetryLimit,
            PersistMax = MaxPersistInterval,
            SynTimeout = SynTimeout,
            DelayedAck = DelayedAckTimeout,
            LingerTimeout = LingerTimeout,
            Scheduler = ApplicationScheduler,
        });
    }

    private LiveSettings ToLiveSettings()
    {
        var live = new LiveSettings
        {
            NoDelay = NoDelay,
            OrphanTimeout = OrphanTimeout,
            UserTimeout = UserTimeout,
            TrafficClass = (byte)(TrafficClass & TrafficClassMask),
            TimeToLive = TimeToLive,
        };
        return live.WithKeepAlive(KeepAlive?.ToSettings());
    }

    internal static void CheckUserTimeout(TimeSpan? value)
    {
        if (value is TimeSpan time)
            OptionCheck.InRange(time, s_millisecond, OptionCheck.LongTime, nameof(UserTimeout));
    }

    private ConnectionSettings WithRecovery(ConnectionSettings settings) => settings with
    {
        CongestionControl = CongestionControl,
        LossRecovery = LossRecovery,
        Pacing = Pacing,
        SlowStartAfterIdle = SlowStartAfterIdle,
        Ecn = Ecn,
        AutoTuneBuffers = AutoTuneBuffers,
        BlackHoleDetection = BlackHoleDetection,
    };

    private void CheckSizes()
    {
        OptionCheck.InRange(ReceiveBufferSize, SmallestBuffer, LargestBuffer, nameof(ReceiveBufferSize));
        OptionCheck.InRange(SendBufferSize, SmallestBuffer, LargestBuffer, nameof(SendBufferSize));
        if (MaxHeldBytes is long held)
            OptionCheck.InRange(held, 1, LargestBuffer, nameof(MaxHeldBytes));
        if (MaxSegmentSize is int size)
            OptionCheck.InRange(size, Mss.Floor.Bytes, s_largestSegment, nameof(MaxSegmentSize));
        OptionCheck.InRange(InitialWindowSegments, 1, 10, nameof(InitialWindowSegments));
        OptionCheck.InRange(RetransmitLimit, 1, 255, nameof(RetransmitLimit));
        OptionCheck.InRange(RetransmitAdviceThreshold, 1, 255, nameof(RetransmitAdviceThreshold));
        OptionCheck.InRange(SynAckRetryLimit, 0, 255, nameof(SynAckRetryLimit));
        OptionCheck.InRange(TimeToLive, 1, byte.MaxValue, nameof(TimeToLive));
    }

    private void CheckTimes()
    {
        if (ConnectTimeout is TimeSpan connect)
            OptionCheck.InRange(connect, s_millisecond, OptionCheck.LongTime, nameof(ConnectTimeout));
        if (LingerTimeout is TimeSpan linger)
            OptionCheck.InRange(linger, TimeSpan.Zero, s_hour, nameof(LingerTimeout));
        CheckUserTimeout(UserTimeout);
        TimeSpan minute = TimeSpan.FromSeconds(60);
        OptionCheck.InRange(
            InitialRetransmitTimeout, TimeSpan.FromMilliseconds(100), minute, nameof(InitialRetransmitTimeout));
        OptionCheck.InRange(MinRetransmitTimeout, s_millisecond, minute, nameof(MinRetransmitTimeout));
        OptionCheck.InRange(MaxRetransmitTimeout, s_second, s_hour, nameof(MaxRetransmitTimeout));
        OptionCheck.InRange(MaxRetransmitTimeout, MinRetransmitTimeout, s_hour, nameof(MaxRetransmitTimeout));
        OptionCheck.InRange(MaxPersistInterval, s_second, s_hour, nameof(MaxPersistInterval));
        OptionCheck.InRange(SynTimeout, s_second, s_hour, nameof(SynTimeout));
        // RFC 9293 §3.8.6.3 (MUST-40): "the delay MUST be less than 0.5 seconds".
        OptionCheck.InRange(
            DelayedAckTimeout, TimeSpan.Zero, TimeSpan.FromMilliseconds(499), nameof(DelayedAckTimeout));
        OptionCheck.InRange(OrphanTimeout, s_second, s_hour, nameof(OrphanTimeout));
    }

    private HostAddress? CheckLocalAddress()
    {
        if (LocalEndPoint is null || LocalEndPoint.Address.Equals(IPAddress.Any))
            return null;

        return OptionCheck.Ipv4(LocalEndPoint.Address, nameof(LocalEndPoint));
    }
}
