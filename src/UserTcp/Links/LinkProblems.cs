using System.Runtime.InteropServices;
using UserTcp.Links.Native;

namespace UserTcp.Links;

/// <summary>Problems that several kinds of links share, with one text each.</summary>
internal static class LinkProblems
{
    private const string LinuxCapabilities =
        "Grant CAP_NET_RAW and CAP_NET_ADMIN to the executable that runs: for a published program "
        + "'sudo setcap cap_net_raw,cap_net_admin+ep ./MyApp' (again after every build); for 'dotnet MyApp.dll' "
        + "'sudo setpriv --reuid=$USER --init-groups --inh-caps=+net_raw,+net_admin --ambient-caps=+net_raw,+net_admin "
        + "dotnet MyApp.dll'.";

    private const UnixFileMode Everybody = UnixFileMode.OtherRead | UnixFileMode.OtherWrite;

    private static string Permissions => OperatingSystem.IsLinux()
        ? LinuxCapabilities
        : "Run it as an administrator, or open the capture devices to users.";

    public static LinkAccess Missing(string scheme, string device, IReadOnlyCollection<string> known) => new(
        scheme + device, LinkProblem.MissingDevice,
        $"There is no network interface '{device}'.",
        known.Count == 0
            ? "This process sees no interfaces."
            : $"There are: {string.Join(", ", known)}.");

    public static LinkAccess Down(string scheme, string device) => new(
        scheme + device, LinkProblem.DeviceDown,
        $"The interface '{device}' is down.", $"Bring it up: 'sudo ip link set {device} up'.");

    public static LinkAccess Loopback(string scheme, string device) => new(
        scheme + device, LinkProblem.UnsupportedDevice,
        $"The interface '{device}' only leads back to this machine, whose system drops what a stack sends there.",
        "To reach this machine use the gateway ('--link gateway', in code EmbeddedGateway with AllowLoopback), which "
        + "needs no privileges; or a TAP interface: 'sudo ip tuntap add tap0 mode tap user $USER && sudo ip addr add "
        + "10.8.0.1/24 dev tap0 && sudo ip link set tap0 up', then 'tap:tap0' with the address 10.8.0.2/24.");

    public static LinkAccess Forbidden(string scheme, string device, string why) => new(
        scheme + device, LinkProblem.MissingPermission,
        $"This process may not open '{device}': {why}.", Permissions);

    public static LinkAccess Refused(string scheme, string device, string why) => new(
        scheme + device, LinkProblem.Refused, $"'{device}' cannot be opened: {why}.", "");

    /// <summary>The control file of TAP and TUN interfaces cannot be opened.</summary>
    /// <param name="name">The link, with its scheme.</param>
    /// <param name="error">The system's number for why.</param>
    /// <param name="mode">The file's mode; null if there is no such file.</param>
    public static LinkAccess TapControl(string name, int error, UnixFileMode? mode)
    {
        const string File = TapHandle.ControlFile;
        string why = Marshal.GetPInvokeErrorMessage(error);
        if (error == LibcNative.AccessDenied && mode is { } bits && (bits & Everybody) != Everybody)
        {
            string octal = Convert.ToString((int)bits, 8).PadLeft(4, '0');
            return new LinkAccess(
                name, LinkProblem.MissingPermission,
                $"This process may not open {File}, which has mode {octal}: {why}.",
                $"Let every user open it, as distributions do: 'sudo chmod 0666 {File}'; it gives no rights over "
                + "interfaces. To keep it so, write the line KERNEL==\"tun\", MODE=\"0666\" into "
                + "/etc/udev/rules.d/99-tun.rules.");
        }

        return error is LibcNative.NotPermitted or LibcNative.AccessDenied
            ? new LinkAccess(
                name, LinkProblem.MissingPermission, $"This process may not open {File}: {why}.",
                $"In a container, start it with '--device {File}'; elsewhere, a security module forbids it.")
            : new LinkAccess(
                name, LinkProblem.Refused, $"{File} cannot be opened: {why}.",
                $"Load the driver: 'sudo modprobe tun'; in a container, start it with '--device {File}'.");
    }
}
