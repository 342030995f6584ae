using System.IO.Pipelines;
using System.Net;
using UserTcp.Fuzz.Machine;
using UserTcp.Fuzz.Wire;
using UserTcp.Links;

namespace UserTcp.Fuzz;

/// <summary>The options of one execution: the first bytes of the input.</summary>
internal sealed class FuzzSettings
{
    /// <summary>How many bytes of the input are options.</summary>
    public const int Bytes = 4;

    private static readonly int[] s_mtus = [1500, 1500, 576, 9000, 1400, 1280, 700, 65_535];

    private readonly byte _tables;
    private readonly byte _link;
    private readonly byte _protocol;
    private readonly byte _timing;

    public FuzzSettings(FuzzInput input)
    {
        _tables = input.Next();
        _link = input.Next();
        _protocol = input.Next();
        _timing = input.Next();
        Connection = ConnectionOptions();
    }

    public bool IsEthernet => (_link & 8) == 0;

    public bool DetectConflicts => (_link & 16) != 0 && IsEthernet;

    public bool ArpAnswersAtTheEnd => (_link & 128) == 0;

    public int Mtu => s_mtus[_link & 7];

    public bool HasSmallTables => (_tables & 3) == 1;

    /// <summary>The link has one queue: what belongs to another shard is handed over.</summary>
    public int Shards => ((_tables >> 3) / 3 % 4) switch
    {
        1 => 2,
        2 => 5,
        _ => 1,
    };

    public UserTcpConnectionOptions Connection { get; }

    public LinkInfo LinkInfo => new()
    {
        Name = "fuzz",
        Mtu = Mtu,
        Medium = IsEthernet ? LinkMedium.Ethernet : LinkMedium.Ip,
        Features = ((_link & 32) != 0 ? LinkFeatures.TransmitChecksum | LinkFeatures.TransmitSegmentation : 0)
            | ((_link & 64) != 0 ? LinkFeatures.ReceiveChecksumInfo | LinkFeatures.ReceiveCoalesces : 0),
    };

    public UserTcpStackOptions StackOptions(
        LinkDevice link, TimeProvider clock, PipeScheduler scheduler, FuzzRun driver)
    {
        bool isSmall = HasSmallTables;
        var options = new UserTcpStackOptions
        {
            Link = link,
            MacAddress = Stations.StackMac,
            Gateway = Stations.Router.ToIPAddress(),
            DetectAddressConflicts = DetectConflicts,
            DeterministicSeed = 1,
            TimeProvider = clock,
            ApplicationScheduler = scheduler,
            Driver = driver,
            Shards = Shards,
            ConnectionDefaults = Connection,
            MaxBufferedBytes = (_tables & 4) != 0 ? 1 << 20 : 64 << 20,
            MaxConnections = isSmall ? 5 : 1_000,
            MaxHalfOpenConnections = isSmall ? 2 : 100,
            MaxOrphanedConnections = isSmall ? 2 : 100,
            MaxTimeWaitConnections = isSmall ? 2 : 100,
            MaxNeighbors = isSmall ? 2 : 100,
            MaxReassemblies = isSmall ? 2 : 100,
            MaxChallengeAcksPerSecond = isSmall ? 2 : 100,
            MaxStrangerRepliesPerSecond = isSmall ? 2 : 100,
        };
        options.Addresses.Add(new UserTcpAddress(Stations.Locals[0].ToIPAddress(), Stations.PrefixLength));
        options.Addresses.Add(new UserTcpAddress(Stations.Locals[1].ToIPAddress(), Stations.PrefixLength));
        return options;
    }

    public UserTcpRequestListenerOptions RequestListenerOptions(ushort port, bool isSmall) => new()
    {
        LocalEndPoint = new IPEndPoint(IPAddress.Any, port),
        AnyAddress = true,
        SynBacklog = isSmall ? 1 : 16,
        ConnectionOptions = Connection,
    };

    public UserTcpListenerOptions ListenerOptions(ushort port, bool isSmall) => new()
    {
        LocalEndPoint = new IPEndPoint(IPAddress.Any, port),
        Backlog = isSmall ? 1 : 16,
        SynBacklog = isSmall ? 1 : 16,
        SynCookies = (UserTcpSynCookieMode)((_tables >> 3) % 3),
        ConnectionOptions = Connection,
    };

    private UserTcpConnectionOptions ConnectionOptions() => new()
    {
        NoDelay = (_protocol & 1) == 0,
        WindowScaling = (_protocol & 2) == 0,
        SelectiveAcknowledgments = (_protocol & 4) == 0,
        Timestamps = (_protocol & 8) == 0,
        Ecn = (_protocol & 16) == 0 ? UserTcpEcnMode.Passive : UserTcpEcnMode.Active,
        CongestionControl = (_protocol & 32) == 0 ? CongestionControl.Cubic : CongestionControl.NewReno,
        ReceiveBufferSize = (_protocol & 64) == 0 ? 8 << 20 : 4096,
        SendBufferSize = (_protocol & 128) == 0 ? 4 << 20 : 4096,
        RetransmitLimit = (_timing & 1) == 0 ? 15 : 3,
        KeepAlive = (_timing & 2) == 0 ? null : new UserTcpKeepAliveOptions
        {
            Time = TimeSpan.FromSeconds(10),
            Interval = TimeSpan.FromSeconds(5),
            RetryCount = 3,
        },
        UserTimeout = (_timing & 4) == 0 ? null : TimeSpan.FromSeconds(20),
        LingerTimeout = (_timing & 24) switch
        {
            8 => TimeSpan.Zero,
            16 => TimeSpan.FromSeconds(5),
            _ => null,
        },
        ConnectTimeout = (_timing & 32) == 0 ? null : TimeSpan.FromSeconds(1),
        SynTimeout = (_timing & 64) == 0 ? TimeSpan.FromSeconds(180) : TimeSpan.FromSeconds(10),
        Pacing = (_timing & 128) == 0,
        AutoTuneBuffers = (_protocol & 192) == 0,
    };
}
