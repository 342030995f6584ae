namespace UserTcp.Links;

/// <summary>What several kinds of links may lack, in the same words.</summary>
internal static class LinkProblems
{
    private const string LinuxCapabilities =
        "Grant CAP_NET_RAW and CAP_NET_ADMIN to the executable that runs: for a published program "
        + "'sudo setcap cap_net_raw,cap_net_admin+ep ./MyApp' (again after every build); for 'dotnet MyApp.dll' "
        + "'sudo setpriv --reuid=$USER --init-groups --inh-caps=+net_raw,+net_admin --ambient-caps=+net_raw,+net_admin "
        + "dotnet MyApp.dll'.";

    private static string Permissions => OperatingSystem.IsLinux()
        ? LinuxCapabilities
        : "Run it as an administrator, or open the capture devices to users.";

    public static LinkAccess Missing(string scheme, string device, IReadOnlyCollection<string> known) => new(
        scheme + device, LinkProblem.MissingDevice,
        $"There is no network interface '{device}'.",
        known.Count == 0
            ? "There are none at all that this process can see."
            : $"There are: {string.Join(", ", known)}.");

    public static LinkAccess Down(string scheme, string device) => new(
        scheme + device, LinkProblem.DeviceDown,
        $"The interface '{device}' is down.", $"Switch it on first: 'ip link set {device} up'.");

    public static LinkAccess Forbidden(string scheme, string device, string why) => new(
        scheme + device, LinkProblem.MissingPermission,
        $"This process may not open '{device}': {why}.", Permissions);

    public static LinkAccess Refused(string scheme, string device, string why) => new(
        scheme + device, LinkProblem.Refused, $"'{device}' cannot be opened: {why}.", "");
}
