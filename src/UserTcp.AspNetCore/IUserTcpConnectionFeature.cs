namespace UserTcp.AspNetCore;

/// <summary>
/// The connection under a request: <c>context.Features.Get&lt;IUserTcpConnectionFeature&gt;()</c>. Absent where the
/// request came over another transport.
/// </summary>
public interface IUserTcpConnectionFeature
{
    /// <summary>
    /// The connection. Ask it for what it knows, with <see cref="UserTcpConnection.GetInfo"/>; its pipes are Kestrel's.
    /// </summary>
    UserTcpConnection Connection { get; }
}
