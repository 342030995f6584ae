using UserTcp.Primitives;
using UserTcp.Tcp;

namespace UserTcp.Testing.Packetdrill.Running;

/// <summary>
/// What a script takes for granted of the system it was written for; what it sets changes it.
/// </summary>
internal sealed class Profile
{
    // Its settings, commands and options, and the order of the options in its SYNs.
    private static readonly string[] s_freeBsdWords =
    [
        "net.inet.", "net.inet6.", "sockstat", "tcpdrop", "TCP_RACK", "TCP_NOOPT", "TCP_NOPUSH", "TCP_KEEPINIT",
        "mss 1460,nop,wscale 6,sackOK", "mss 1460,sackOK,eol,eol",
    ];

    private int _receiveSpace;

    private Profile(PacketdrillProfile system, TcpConfig config)
    {
        System = system;
        Config = config;
        _receiveSpace = config.ReceiveBufferBytes;
    }

    /// <summary>Linux or FreeBSD.</summary>
    public PacketdrillProfile System { get; }

    /// <summary>The settings of the sockets to come.</summary>
    public TcpConfig Config { get; set; }

    /// <summary>FreeBSD has a filter before its TCP for segments with SYN and FIN.</summary>
    public bool DropsSynFin { get; set; }

    /// <summary>When listeners answer without remembering.</summary>
    public UserTcpSynCookieMode SynCookies { get; set; } = UserTcpSynCookieMode.WhenNeeded;

    /// <summary>The buffer of receiving, which FreeBSD rounds up to whole segments.</summary>
    public int ReceiveSpace
    {
        get => _receiveSpace;
        set
        {
            _receiveSpace = value;
            int segment = Math.Max(1, Config.ReceiveMss.Bytes);
            int rounded = System == PacketdrillProfile.FreeBsd ? (value + segment - 1) / segment * segment : value;
            Config = Config with { ReceiveBufferBytes = rounded };
        }
    }

    private static TcpConfig Linux => new()
    {
        Pacing = false,
        BlackHoleDetection = false,
        ReceiveBufferBytes = 15 << 20,
        SendBufferBytes = 4 << 20,
        SlowStartAfterIdle = false,
        Ecn = UserTcpEcnMode.Disabled,
        Live = new LiveSettings { NoDelay = false },
        SynR2 = TimeSpan.FromSeconds(127),
    };

    private static TcpConfig FreeBsd => new()
    {
        Pacing = false,
        BlackHoleDetection = false,
        AutoTuneBuffers = false,
        ReceiveBufferBytes = 65_536,
        AcceptsBeyondField = true,
        SendBufferBytes = 32_768,
        Ecn = UserTcpEcnMode.Passive,
        EcnSyns = 2,
        Live = new LiveSettings { NoDelay = false },
        QuickAcks = 0,
        AcceptSynFin = true,
        MaxRto = TimeSpan.FromSeconds(64),
        SynR2 = TimeSpan.FromSeconds(75),
    };

    public static Profile For(PacketdrillProfile asked, string text)
    {
        bool isFreeBsd = asked == PacketdrillProfile.FreeBsd || (asked == PacketdrillProfile.Auto
            && s_freeBsdWords.Any(word => text.Contains(word, StringComparison.Ordinal)));
        return isFreeBsd
            ? new Profile(PacketdrillProfile.FreeBsd, FreeBsd)
            : new Profile(PacketdrillProfile.Linux, Linux);
    }

    /// <summary>Sets the segment size that connections announce.</summary>
    public void Announce(int segmentSize)
    {
        Config = Config with { ReceiveMss = new Mss(segmentSize) };
        ReceiveSpace = _receiveSpace;
    }
}
