using System.Globalization;
using UserTcp.Diagnostics;
using UserTcp.Primitives;
using UserTcp.Stack;
using UserTcp.Tcp;
using UserTcp.Testing.Packetdrill.Sockets;
using UserTcp.Testing.Packetdrill.Syntax;

namespace UserTcp.Testing.Packetdrill.Running;

/// <summary>
/// Commands of the shell, of which there is none: those that set what we have options for, or count connections, are
/// understood by their words, and all others are not supported.
/// </summary>
internal sealed class Commands(Profile profile, VirtualMachine machine, SystemCalls calls)
{
    private static readonly string[] s_withoutMeaning =
        ["sync", "true", ":", "sleep", "echo", "ethtool", "tcpdrop", "/tmp/sysctl_restore_${PPID}.sh"];

    private static readonly string[] s_queues = ["fq", "fq_codel", "pfifo", "pfifo_fast", "noqueue"];

    private static readonly string[] s_unknownOfRoutes =
        ["rto_min", "congctl", "features", "window", "rtt", "reordering"];

    /// <summary>Runs a command. Answers what it should have found and did not; null if all is well.</summary>
    public string? Run(CommandEvent command)
    {
        List<(string Sign, List<string> Words)> all = ShellWords.Split(command.Command);
        for (int i = 0; i < all.Count; i++)
        {
            var stages = new List<List<string>> { all[i].Words };
            if (all[i].Sign == "||")
                throw ScriptException.Unsupported(command.Line, "a command that depends on another");
            while (i + 1 < all.Count && all[i + 1].Sign == "|")
            {
                stages.Add(all[++i].Words);
            }

            if (RunOne(stages, command.Line) is { } mismatch)
                return mismatch;
        }

        return null;
    }

    private string? RunOne(List<List<string>> stages, int line)
    {
        List<string> words = stages[0];
        string name = words[0];
        if (name.EndsWith("defaults.sh", StringComparison.Ordinal))
            return null;
        if (name is "sysctl" || name.EndsWith("set_sysctls.py", StringComparison.Ordinal))
            return SetAll(words.Skip(1), line);
        if (name is "echo" && words is [.., string value, ['>', .. string path]])
            return SetAll([$"{path}={value}"], line);
        if (s_withoutMeaning.Contains(name) && stages.Count == 1)
            return null;

        return name switch
        {
            "sockstat" => CountConnections(stages, line),
            "nstat" => FindCounter(stages, line),
            "ip" => Route(words, line),
            "ifconfig" when words is [_, _, .., "mtu", string mtu] => SetMtu(Number(mtu, line)),
            "tc" when words is [_, "qdisc", .., string last] && s_queues.Contains(last) => null,
            "setkey" => throw ScriptException.Unsupported(line, "MD5 signatures"),
            _ => throw ScriptException.Unsupported(line, $"the command '{name}'"),
        };
    }

    private string? SetAll(IEnumerable<string> words, int line)
    {
        foreach (string word in words.Where(word => word.Contains('=', StringComparison.Ordinal)))
        {
            string[] parts = word.Split('=', 2);
            string name = parts[0].Replace("/proc/sys/", "", StringComparison.Ordinal).Replace('/', '.');
            string value = parts[1].Trim();
            if (name.StartsWith("net.ipv6.", StringComparison.Ordinal)
                || name.StartsWith("net.inet6.", StringComparison.Ordinal))
            {
                continue; // nothing of this family is here
            }

            if (!SystemSettings.TrySet(profile, name, value))
                throw ScriptException.Unsupported(line, $"the setting {name}={value}");
        }

        return null;
    }

    // sockstat … | grep -c STATE | grep N
    private string? CountConnections(List<List<string>> stages, int line)
    {
        if (stages.Count < 3 || stages[^2][^1] is not { } state
            || !int.TryParse(stages[^1][^1], CultureInfo.InvariantCulture, out int expected))
        {
            throw ScriptException.Unsupported(line, "this form of sockstat");
        }

        int actual = state switch
        {
            "SYN_RCVD" => machine.Core.HalfOpenCount + CountIn(TcpState.SynReceived),
            "TIME_WAIT" => machine.Core.TimeWaitCount,
            "CLOSED" => calls.ClosedCount,
            "LISTEN" => calls.ListeningCount,
            "SYN_SENT" => CountIn(TcpState.SynSent),
            "ESTABLISHED" => CountIn(TcpState.Established),
            "CLOSE_WAIT" => CountIn(TcpState.CloseWait),
            "FIN_WAIT_1" => CountIn(TcpState.FinWait1),
            "FIN_WAIT_2" => CountIn(TcpState.FinWait2),
            "CLOSING" => CountIn(TcpState.Closing),
            "LAST_ACK" => CountIn(TcpState.LastAck),
            _ => throw ScriptException.Unsupported(line, $"counting connections in {state}"),
        };
        return actual == expected ? null : $"{expected} connections in {state} expected, there are {actual}";
    }

    private int CountIn(TcpState state)
    {
        var all = new List<StackConnection>();
        machine.Core.CopyConnectionsTo(all);
        return all.Count(connection => connection.Tcb.State == state);
    }

    // nstat | grep NAME: whether it was counted at all.
    private string? FindCounter(List<List<string>> stages, int line)
    {
        if (stages.Count == 1)
            return null;
        if (stages.Count > 2 || stages[1] is not ["grep", .., string name])
            throw ScriptException.Unsupported(line, "this form of nstat");

        long count = name switch
        {
            "TcpExtOutOfWindowIcmps" => machine.Core.Count(static one => one.Drops(PacketDropReason.UnsolicitedIcmp)),
            "TcpRetransSegs" => machine.Core.Count(static one => one.SegmentsResent),
            "TcpOutRsts" => machine.Core.Count(static one => one.ResetsSent),
            _ => throw ScriptException.Unsupported(line, $"the counter {name}"),
        };
        return count > 0 ? null : $"{name} is 0";
    }

    // ip route change … advmss 1430 mtu lock 1470 initcwnd 10, ip link set dev tun0 mtu 1280
    private string? Route(List<string> words, int line)
    {
        if (words.Contains("-6"))
            throw ScriptException.Unsupported(line, "IPv6");
        if (words.Contains("tcp_metrics"))
            return null;
        bool isChange = words.Any(word => word is "change" or "add" or "replace" or "set");
        if (!isChange || !(words.Contains("route") || words.Contains("link")))
            throw ScriptException.Unsupported(line, "this form of the command 'ip'");

        int? announced = null;
        for (int i = 1; i + 1 < words.Count; i++)
        {
            string value = words[i + 1] == "lock" && i + 2 < words.Count ? words[i + 2] : words[i + 1];
            if (words[i] == "mtu")
                SetMtu(Number(value, line));
            else if (words[i] == "advmss")
                announced = Number(value, line);
            else if (words[i] == "initcwnd")
                profile.Config = profile.Config with { InitialWindowSegments = Math.Max(1, Number(value, line)) };
            else if (s_unknownOfRoutes.Contains(words[i]))
                throw ScriptException.Unsupported(line, $"'{words[i]}' of a route");
        }

        if (announced is { } size)
            profile.Announce(Math.Max(size, Mss.Floor.Bytes));
        return null;
    }

    private string? SetMtu(int mtu)
    {
        const int headers = 40;
        const int least = 68; // RFC 791 §3.1
        mtu = Math.Max(mtu, least);
        machine.SetMtu(mtu);
        profile.Announce(mtu - headers);
        return null;
    }

    private static int Number(string word, int line) =>
        ushort.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out ushort number)
            ? number
            : throw ScriptException.Unsupported(line, $"the size '{word}'");
}
