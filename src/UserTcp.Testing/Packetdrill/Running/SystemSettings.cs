using System.Globalization;
using UserTcp.Tcp;
using UserTcp.Testing.Packetdrill.Sockets;

namespace UserTcp.Testing.Packetdrill.Running;

/// <summary>What <c>sysctl</c> sets, in options of our own.</summary>
internal static class SystemSettings
{
    /// <summary>Settings that make no difference here, whatever their value.</summary>
    private static readonly HashSet<string> s_ignored = new(StringComparer.Ordinal)
    {
        "net.inet.tcp.hostcache.purgenow", "net.inet.tcp.hostcache.enable", "net.inet.tcp.hostcache.expire",
        "net.inet.tcp.rexmit_slop", "net.inet.tcp.recvbuf_auto", "net.inet.tcp.recvbuf_max",
        "net.inet.tcp.recvbuf_inc", "net.inet.tcp.sendbuf_auto", "net.inet.tcp.sendbuf_max",
        "net.inet.tcp.sendbuf_inc", "net.inet.tcp.fastopen.client_enable", "net.inet.tcp.fastopen.server_enable",
        "net.inet.tcp.syncache.see_other", "net.inet.tcp.syncache.rst_on_sock_fail",
        "net.inet.tcp.log_in_vain",
        "net.inet.tcp.tso", "net.inet.tcp.log_debug", "net.inet.tcp.nolocaltimewait", "net.inet.tcp.maxtcptw",
        "net.inet.tcp.do_tcpdrain", "net.inet.tcp.require_unique_port", "net.inet.tcp.ack_war_timewindow",
        "net.inet.tcp.ack_war_cnt", "net.inet.icmp.icmplim", "net.inet.icmp.icmplim_output",
        "net.inet.tcp.path_mtu_discovery", "net.ipv4.tcp_early_retrans", "net.ipv4.tcp_fastopen",
        "net.ipv4.tcp_fastopen_key", "net.ipv4.tcp_fastopen_blackhole_timeout_sec", "net.ipv4.tcp_min_tso_segs",
        "net.ipv4.tcp_no_metrics_save", "net.ipv4.tcp_frto", "net.ipv4.tcp_fack", "net.ipv4.tcp_reordering",
        "net.ipv4.tcp_max_reordering", "net.ipv4.tcp_moderate_rcvbuf",
        "net.ipv4.tcp_adv_win_scale", "net.ipv4.tcp_app_win", "net.ipv4.tcp_autocorking",
        "net.ipv4.tcp_challenge_ack_limit", "net.ipv4.tcp_invalid_ratelimit", "net.ipv4.tcp_limit_output_bytes",
        "net.ipv4.tcp_max_syn_backlog", "net.ipv4.tcp_min_rtt_wlen", "net.ipv4.tcp_pacing_ss_ratio",
        "net.ipv4.tcp_pacing_ca_ratio", "net.ipv4.tcp_tso_win_divisor", "net.ipv4.tcp_tso_rtt_log",
        "net.ipv4.tcp_recovery", "net.ipv4.tcp_retrans_collapse", "net.ipv4.tcp_tw_reuse", "net.ipv4.tcp_wmem",
        "net.ipv4.tcp_mem", "net.ipv4.tcp_ecn_fallback", "net.ipv4.ip_no_pmtu_disc", "net.ipv4.icmp_ratelimit",
        "net.ipv4.ip_local_port_range", "net.ipv4.ip_nonlocal_bind", "net.ipv4.tcp_window_clamp",
    };

    /// <summary>What begins so makes no difference either.</summary>
    private static readonly string[] s_ignoredRooms =
        ["kern.ipc.", "kern.timecounter.", "net.core.", "net.ipv4.tcp_fastopen_key.", "net.ipv4.tcp_comp_sack_"];

    /// <summary>Sets it. False for a name, or a value, that means nothing here.</summary>
    public static bool TrySet(Profile profile, string name, string value)
    {
        if (s_ignored.Contains(name) || s_ignoredRooms.Any(room => name.StartsWith(room, StringComparison.Ordinal)))
            return true;
        if (name is "net.ipv4.tcp_congestion_control" or "net.inet.tcp.cc.algorithm")
            return SetCongestionControl(profile, value);
        if (name == "net.ipv4.tcp_rmem")
            return SetReceiveMemory(profile, value);
        if (!long.TryParse(value, CultureInfo.InvariantCulture, out long number))
            return false;

        return SetSwitch(profile, name, number) || SetTime(profile, name, number) || SetSize(profile, name, number)
            || SetAttitude(profile, name, number);
    }

    private static bool SetSwitch(Profile profile, string name, long value)
    {
        switch (name)
        {
            case "net.inet.tcp.rfc1323":
                profile.Config = profile.Config with
                {
                    Timestamps = value is 1 or 3, WindowScaling = value is 1 or 2,
                };
                return true;
            case "net.inet.tcp.sack.enable" or "net.ipv4.tcp_sack":
                profile.Config = profile.Config with { SelectiveAcknowledgments = value != 0 };
                return true;
            case "net.ipv4.tcp_timestamps":
                profile.Config = profile.Config with { Timestamps = value != 0 };
                return true;
            case "net.ipv4.tcp_window_scaling":
                profile.Config = profile.Config with { WindowScaling = value != 0 };
                return true;
            case "net.ipv4.tcp_dsack":
                SetLossRecovery(profile, profile.Config.LossRecovery with { DuplicateSack = value != 0 });
                return true;
            case "net.inet.tcp.ecn.enable" or "net.ipv4.tcp_ecn":
                profile.Config = profile.Config with { Ecn = EcnMode(value) };
                return value is >= 0 and <= 2; // more is accurate ECN
            case "net.ipv4.tcp_mtu_probing" or "net.inet.tcp.pmtud_blackhole_detection":
                profile.Config = profile.Config with { BlackHoleDetection = value != 0 };
                return value is 0 or 1;
            case "net.ipv4.tcp_slow_start_after_idle":
                profile.Config = profile.Config with { SlowStartAfterIdle = value != 0 };
                return true;
            case "net.inet.tcp.always_keepalive":
                SetLive(profile, live => live with { KeepAlive = value != 0 });
                return true;
            default:
                return false;
        }
    }

    private static void SetLossRecovery(Profile profile, UserTcpLossRecoveryOptions options) =>
        profile.Config = profile.Config with { LossRecovery = options };

    private static void SetLive(Profile profile, Func<LiveSettings, LiveSettings> change) =>
        profile.Config = profile.Config with { Live = change(profile.Config.Live) };

    private static bool SetTime(Profile profile, string name, long value)
    {
        TimeSpan milliseconds = TimeSpan.FromMilliseconds(Math.Clamp(value, 0, int.MaxValue));
        TimeSpan seconds = TimeSpan.FromSeconds(Math.Clamp(value, 0, int.MaxValue));
        switch (name)
        {
            case "net.inet.tcp.rexmit_initial":
                profile.Config = profile.Config with { InitialRto = milliseconds };
                return value >= 100;
            case "net.inet.tcp.rexmit_min" or "net.ipv4.tcp_rto_min_ms":
                profile.Config = profile.Config with { MinRto = milliseconds };
                return value > 0;
            case "net.ipv4.tcp_rto_min_us":
                profile.Config = profile.Config with { MinRto = milliseconds / 1000 };
                return value > 0;
            case "net.inet.tcp.rexmit_max" or "net.ipv4.tcp_rto_max_ms":
                profile.Config = profile.Config with { MaxRto = milliseconds };
                return value >= 1000;
            case "net.inet.tcp.keepinit":
                profile.Config = profile.Config with { SynR2 = milliseconds };
                return value > 0;
            case "net.inet.tcp.delacktime":
                profile.Config = profile.Config with { DelayedAck = milliseconds };
                return value is > 0 and < 500;
            case "net.inet.tcp.msl":
                profile.Config = profile.Config with { TimeWait = 2 * milliseconds };
                return value > 0;
            case "net.inet.tcp.finwait2_timeout":
                SetLive(profile, live => live with { OrphanTimeout = milliseconds });
                return value > 0;
            case "net.ipv4.tcp_fin_timeout":
                SetLive(profile, live => live with { OrphanTimeout = seconds });
                return value > 0;
            default:
                return SetKeepAlive(profile, name, milliseconds, seconds);
        }
    }

    private static bool SetKeepAlive(Profile profile, string name, TimeSpan milliseconds, TimeSpan seconds)
    {
        bool isLinux = name.StartsWith("net.ipv4.", StringComparison.Ordinal);
        TimeSpan time = isLinux ? seconds : milliseconds;
        switch (name)
        {
            case "net.inet.tcp.keepidle" or "net.ipv4.tcp_keepalive_time":
                SetLive(profile, live => live with { KeepAliveTime = time });
                return time > TimeSpan.Zero;
            case "net.inet.tcp.keepintvl" or "net.ipv4.tcp_keepalive_intvl":
                SetLive(profile, live => live with { KeepAliveInterval = time });
                return time > TimeSpan.Zero;
            default:
                return false;
        }
    }

    private static bool SetSize(Profile profile, string name, long value)
    {
        int number = (int)Math.Clamp(value, 0, 1 << 30);
        switch (name)
        {
            case "net.inet.tcp.recvspace":
                profile.ReceiveSpace = number;
                return value > 0;
            case "net.inet.tcp.sendspace":
                profile.Config = profile.Config with { SendBufferBytes = number };
                return value > 0;
            case "net.inet.tcp.initcwnd_segments":
                profile.Config = profile.Config with { InitialWindowSegments = number };
                return value is >= 1 and <= 10;
            case "net.inet.tcp.ecn.maxretries":
                profile.Config = profile.Config with { EcnSyns = number + 1 };
                return value >= 0;
            case "net.inet.tcp.keepcnt" or "net.ipv4.tcp_keepalive_probes":
                SetLive(profile, live => live with { KeepAliveProbes = number });
                return value > 0;
            case "net.ipv4.tcp_syn_retries":
                profile.Config = profile.Config with { SynR2 = SynTime(profile.Config.InitialRto, value) };
                return value is >= 1 and <= 127;
            case "net.ipv4.tcp_synack_retries" or "net.inet.tcp.syncache.rexmtlimit":
                profile.Config = profile.Config with { SynAckRetries = number };
                return value is >= 0 and <= 255;
            case "net.ipv4.tcp_retries1":
                profile.Config = profile.Config with { R1 = number };
                return value > 0;
            case "net.ipv4.tcp_retries2":
                profile.Config = profile.Config with { R2 = number };
                return value > 0;
            case "net.ipv4.ip_default_ttl" or "net.inet.ip.ttl":
                SetLive(profile, live => live with { TimeToLive = (byte)number });
                return value is >= 1 and <= 255;
            default:
                return false;
        }
    }

    /// <summary>How long SYNs take that are sent so often again, 1, 2, 4 … times as long apart.</summary>
    public static TimeSpan SynTime(TimeSpan first, long retries) =>
        first * ((1L << (int)Math.Min(retries + 1, 12)) - 1);

    // Behaviour that can only be what it is here: other values are for other stacks.
    private static bool SetAttitude(Profile profile, string name, long value)
    {
        switch (name)
        {
            // RFC 5961 holds here whatever is set: the scripts that want it otherwise show what is expected instead.
            case "net.inet.tcp.insecure_rst" or "net.inet.tcp.insecure_syn" or "net.inet.tcp.insecure_ack":
                return value is 0 or 1;
            case "net.ipv4.tcp_syncookies" or "net.inet.tcp.syncookies":
                profile.SynCookies = CookieMode(value);
                return value is >= 0 and <= 2;
            case "net.inet.tcp.syncookies_only":
                profile.SynCookies = value == 0 ? UserTcpSynCookieMode.WhenNeeded : UserTcpSynCookieMode.Always;
                return true;
            case "net.inet.tcp.drop_synfin":
                profile.DropsSynFin = value != 0;
                return true;
            case "net.inet.tcp.udp_tunneling_port" or "net.inet.tcp.udp_tunneling_overhead"
                or "net.inet.tcp.rexmit_drop_options"
                or "net.inet.tcp.blackhole" or "net.ipv4.tcp_rfc1337"
                or "net.ipv4.tcp_abort_on_overflow" or "net.ipv4.tcp_stdurg" or "net.ipv4.tcp_shrink_window"
                or "net.ipv4.tcp_workaround_signed_windows" or "net.ipv4.tcp_thin_linear_timeouts":
                return value == 0;
            case "net.inet.tcp.delayed_ack" or "net.inet.tcp.rfc3042" or "net.inet.tcp.rfc3390"
                or "net.inet.tcp.rfc3465" or "net.inet.tcp.icmp_may_rst" or "net.inet.tcp.do_prr"
                or "net.inet.tcp.rfc6675_pipe":
                return value == 1;
            default:
                return false;
        }
    }

    private static bool SetCongestionControl(Profile profile, string name)
    {
        if (Constants.ControlNamed(name) is not { } control)
            return false;

        profile.Config = profile.Config with { CongestionControl = control };
        return true;
    }

    // Three numbers: the least, the first, and the most.
    private static bool SetReceiveMemory(Profile profile, string value)
    {
        string[] words = value.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        if (words.Length != 3)
            return false;
        if (!int.TryParse(words[2], NumberStyles.None, CultureInfo.InvariantCulture, out int most) || most < 4096)
            return false;

        profile.ReceiveSpace = most;
        return true;
    }

    private static UserTcpSynCookieMode CookieMode(long value) => value switch
    {
        0 => UserTcpSynCookieMode.Never,
        1 => UserTcpSynCookieMode.WhenNeeded,
        _ => UserTcpSynCookieMode.Always,
    };

    private static UserTcpEcnMode EcnMode(long value) => value switch
    {
        0 => UserTcpEcnMode.Disabled,
        1 => UserTcpEcnMode.Active,
        _ => UserTcpEcnMode.Passive,
    };
}
