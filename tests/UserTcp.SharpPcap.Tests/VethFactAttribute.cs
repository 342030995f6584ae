namespace UserTcp.SharpPcap.Tests;

/// <summary>A test that needs a veth pair, and so Linux and root.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class VethFactAttribute : FactAttribute
{
    public VethFactAttribute() => Skip = Reason();

    private static string? Reason() =>
        OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess ? null : "Needs Linux and root, for a veth pair.";
}
