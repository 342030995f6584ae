using UserTcp.Primitives;
using UserTcp.Runtime;

namespace UserTcp;

public sealed partial class UserTcpListenerOptions
{
    /// <summary>
    /// Checks every option, as <see cref="UserTcpStack.ListenAsync(UserTcpListenerOptions, CancellationToken)"/> does.
    /// </summary>
    /// <exception cref="ArgumentException">Two options contradict each other, or one is null.</exception>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of its range; named by the property.</exception>
    public void Validate() => ToSettings();

    /// <summary>Checks every option and makes the copy that the listener lives by.</summary>
    internal ListenerSettings ToSettings()
    {
        ArgumentNullException.ThrowIfNull(LocalEndPoint, nameof(LocalEndPoint));
        OptionCheck.InRange(Backlog, 1, ushort.MaxValue, nameof(Backlog));
        OptionCheck.InRange(SynBacklog, 1, ushort.MaxValue, nameof(SynBacklog));
        OptionCheck.Defined(SynCookies, nameof(SynCookies));
        HostAddress address = OptionCheck.Ipv4(LocalEndPoint.Address, nameof(LocalEndPoint));
        return new ListenerSettings
        {
            Address = address,
            Port = OptionCheck.Port(LocalEndPoint.Port, 0, nameof(LocalEndPoint)),
            Backlog = Backlog,
            SynBacklog = SynBacklog,
            SynCookies = SynCookies,
            Connection = ConnectionOptions?.ToSettings(),
        };
    }
}
