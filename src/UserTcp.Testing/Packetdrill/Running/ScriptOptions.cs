using System.Globalization;
using UserTcp.Testing.Packetdrill.Syntax;

namespace UserTcp.Testing.Packetdrill.Running;

/// <summary>The lines at the top of a script that begin with <c>--</c>.</summary>
internal sealed record ScriptOptions
{
    public TimeSpan? Tolerance { get; private set; }

    /// <summary>How much of the time that was waited things may come too early or too late besides.</summary>
    public int TolerancePercent { get; private set; } = 1;

    public int Mtu { get; private set; } = 1500;

    /// <summary>The segment size that is announced, if the script says so.</summary>
    public int? AnnouncedSegmentSize { get; private set; }

    /// <summary>Whether what is sent must be cut as the script has it.</summary>
    public bool IsSegmentationStrict { get; private set; }

    /// <summary>Whether results of calls that differ do not matter.</summary>
    public bool IgnoresResults { get; private set; }

    /// <summary>
    /// Whether packets that are injected one after the other at the same time reach the stack as one batch, as from a
    /// device: it sends when it has seen them all.
    /// </summary>
    public bool DeliversBatches { get; private set; }

    public static ScriptOptions From(IEnumerable<(int Line, string Name, string Value)> lines)
    {
        var options = new ScriptOptions();
        foreach ((int line, string name, string value) in lines)
        {
            options.Apply(line, name, value);
        }

        return options;
    }

    private void Apply(int line, string name, string value)
    {
        switch (name)
        {
            case "tolerance_usecs":
                Tolerance = TimeSpan.FromMicroseconds(Number(line, name, value));
                break;
            case "tolerance_percent":
                TolerancePercent = Math.Clamp(Number(line, name, value), 0, 100);
                break;
            case "mtu":
                Mtu = Math.Clamp(Number(line, name, value), 68, ushort.MaxValue);
                break;
            case "mss":
                AnnouncedSegmentSize = Math.Clamp(Number(line, name, value), 88, 32_767);
                break;
            case "strict_segments":
                IsSegmentationStrict = true;
                break;
            case "batches":
                DeliversBatches = true;
                break;
            case "non_fatal":
                IgnoresResults = value.Contains("syscall", StringComparison.Ordinal);
                break;
            case "local_ip" or "remote_ip" or "gateway_ip" when value.Contains(':', StringComparison.Ordinal):
                throw ScriptException.Unsupported(line, "IPv6");
            case "ip_version" or "local_ip" or "remote_ip" or "gateway_ip" or "netmask_ip" or "tcp_ts_tick_usecs"
                or "bind_port" or "connect_port" or "verbose" or "debug" or "init_scripts" or "define" or "speed"
                or "no_cleanup" or "tun_dev" or "persistent_tun_dev" or "remote_prefix" or "send_omit_free":
                break;
            default:
                throw ScriptException.Unsupported(line, $"--{name}");
        }
    }

    private static int Number(int line, string name, string value) =>
        int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int number)
            ? number
            : throw new ScriptException(line, $"--{name} needs a number");
}
