using UserTcp.Links;

namespace UserTcp.SharpPcap.Tests;

/// <summary>A test that needs a veth pair, and so Linux and root.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class VethFactAttribute : FactAttribute
{
    public VethFactAttribute() => Skip = Reason();

    private static string? Reason()
    {
        if (!OperatingSystem.IsLinux() || !Environment.IsPrivilegedProcess)
            return "Needs Linux and root, for a veth pair.";
        string[] folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':');
        if (!Array.Exists(folders, folder => File.Exists(Path.Combine(folder, "ip"))))
            return "Needs 'ip', for a veth pair: apt-get install iproute2.";
        return PcapLink.IsSupported ? null : "Needs libpcap: apt-get install libpcap0.8.";
    }
}
