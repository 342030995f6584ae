using System.Globalization;

namespace UserTcp.Lab.Tests.Support;

/// <summary>The counters of a namespace's kernel: pairs of lines, names and values.</summary>
internal static class KernelCounters
{
    /// <summary>
    /// How many frames the processors' backlogs have refused (<c>net.core.netdev_max_backlog</c>). They belong to the
    /// whole machine: other labs fill them, too.
    /// </summary>
    public static long ReadBacklogDrops()
    {
        long drops = 0;
        foreach (string processor in File.ReadLines("/proc/net/softnet_stat"))
        {
            drops += long.Parse(processor.Split(' ')[1], NumberStyles.HexNumber, CultureInfo.InvariantCulture);
        }

        return drops;
    }

    /// <summary>Reads one, by a name such as <c>Tcp.InCsumErrors</c> or <c>TcpExt.TCPTimeouts</c>.</summary>
    public static long Read(NetworkNamespace ns, string name)
    {
        string[] parts = name.Split('.');
        string[] lines = ns.Exec("cat /proc/net/snmp /proc/net/netstat").Split('\n');
        for (int i = 0; i + 1 < lines.Length; i += 2)
        {
            string[] names = lines[i].Split(' ');
            int column = Array.IndexOf(names, parts[1]);
            if (names[0] == parts[0] + ":" && column > 0)
                return long.Parse(lines[i + 1].Split(' ')[column], CultureInfo.InvariantCulture);
        }

        throw new ArgumentException($"The kernel has no counter {name}.", nameof(name));
    }
}
