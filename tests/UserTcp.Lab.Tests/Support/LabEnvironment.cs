using UserTcp.Links;

namespace UserTcp.Lab.Tests.Support;

/// <summary>
/// Whether this machine can be the lab. With <c>USERTCP_LAB_REQUIRED=1</c> nothing is skipped: what is missing then
/// fails the tests.
/// </summary>
internal static class LabEnvironment
{
    // The benchmarks of the network compile this file too, and see no internals.
    private const string TapControlFile = "/dev/net/tun";

    private static readonly Lazy<string?> s_missing = new(FindMissing);

    /// <summary>What is missing, as a sentence; null if the lab can be built here.</summary>
    public static string? Missing => s_missing.Value;

    public static bool IsRequired => Environment.GetEnvironmentVariable("USERTCP_LAB_REQUIRED") == "1";

    public static string? SkipReason => IsRequired ? null : Missing;

    public static void ThrowIfMissing()
    {
        if (Missing is { } reason)
            throw new InvalidOperationException(reason);
    }

    private static string? FindMissing()
    {
        if (!OperatingSystem.IsLinux())
            return "The lab is made of Linux network namespaces; this is another system.";
        if (!Environment.IsPrivilegedProcess)
            return "The lab makes network namespaces and opens raw sockets: run the tests as root.";

        string[] tools = ["ip", "ethtool", "tcpdump", "tshark", "nginx", "python3", "curl", "h2load", "wrk", "ping",
            "iperf3"];
        if (Array.Find(tools, tool => !Shell.Exists(tool)) is { } missing)
        {
            return $"The lab needs '{missing}': apt-get install iproute2 ethtool tcpdump tshark nginx-light python3 "
                + "curl nghttp2-client wrk iputils-ping iperf3.";
        }

        if (!PcapLink.IsSupported)
            return "The lab needs libpcap: apt-get install libpcap0.8.";
        if (!File.Exists(TapControlFile))
        {
            return $"The lab needs {TapControlFile}: 'modprobe tun', or 'mkdir -p /dev/net && mknod -m 666 "
                + $"{TapControlFile} c 10 200' in a container that may.";
        }

        return ProbeNamespaces();
    }

    // Root in a container is often not allowed to make namespaces.
    private static string? ProbeNamespaces()
    {
        string name = NetworkNamespace.UniqueName("probe");
        ShellResult result = Shell.TryRun($"ip netns add {name} && ip netns delete {name}");
        return result.ExitCode == 0
            ? null
            : $"The lab cannot make network namespaces here (CAP_SYS_ADMIN is needed): {result.Error.Trim()}";
    }
}
