using UserTcp.Links;
using UserTcp.Tool.Machine;

namespace UserTcp.Tool.Tests.Support;

/// <summary>A machine by its description.</summary>
internal sealed class FakeMachine : IMachine
{
    public Dictionary<string, string> Files { get; } = new()
    {
        ["/proc/self/status"] = "Name:\tx\nCapEff:\t0000000000003000\n",
    };

    public List<MachineInterface> Devices { get; } = [];

    public Dictionary<string, LinkAccess> Access { get; } = [];

    public string? Features { get; set; } = "large-receive-offload: off\ngeneric-receive-offload: off\n";

    public bool IsLinux => true;

    public string Executable { get; set; } = "/home/me/.dotnet/tools/usertcp";

    public string Program { get; set; } = "/home/me/UserTcp.Tool.dll";

    public string? Read(string path) => Files.GetValueOrDefault(path);

    public bool Exists(string path) => Files.Keys.Any(file => file.StartsWith(path, StringComparison.Ordinal));

    public string? Run(string program, params string[] arguments) => program == "ethtool" ? Features : null;

    public IReadOnlyList<MachineInterface> Interfaces() => Devices;

    public LinkAccess CheckAccess(string link) =>
        Access.GetValueOrDefault(link) ?? new LinkAccess { Name = $"packet:{link}" };
}
