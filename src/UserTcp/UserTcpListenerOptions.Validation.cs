using UserTcp.Primitives;
using UserTcp.Runtime;

namespace UserTcp;

public sealed partial class UserTcpListenerOptions
{
    /// <summary>Checks every option and makes the copy that the listener lives by.</summary>
    internal ListenerSettings ToSettings()
    {
        ArgumentNullException.ThrowIfNull(LocalEndPoint, nameof(LocalEndPoint));
        OptionCheck.InRange(Backlog, 1, ushort.MaxValue, nameof(Backlog));
        OptionCheck.InRange(SynBacklog, 1, ushort.MaxValue, nameof(SynBacklog));
        HostAddress address = OptionCheck.Ipv4(LocalEndPoint.Address, nameof(LocalEndPoint));
        if (AnyAddress && !address.IsUnspecified)
        {
            throw new ArgumentException(
                "A listener with AnyAddress takes no address of its own: use IPAddress.Any.", nameof(LocalEndPoint));
        }

        return new ListenerSettings
        {
            Address = address,
            Port = OptionCheck.Port(LocalEndPoint.Port, 0, nameof(LocalEndPoint)),
            Backlog = Backlog,
            SynBacklog = SynBacklog,
            AnyAddress = AnyAddress,
            SynCookies = SynCookies,
            Connection = ConnectionOptions?.ToSettings(),
        };
    }
}
