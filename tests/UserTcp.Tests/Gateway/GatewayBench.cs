using System.Net;
using System.Text;
using UserTcp.Gateway;

namespace UserTcp.Tests.Gateway;

/// <summary>A stack behind a gateway that may reach the loopback.</summary>
internal static class GatewayBench
{
    public static readonly IPAddress Router = IPAddress.Parse("10.0.2.2");

    /// <summary>Only to fail where a test would hang.</summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(2);

    public static async Task<EmbeddedGateway> StartAsync(
        Action<UserTcpGatewayOptions>? configure = null, UserTcpConnectionOptions? connectionDefaults = null)
    {
        EmbeddedGatewayOptions options = new();
        options.Gateway.AllowLoopback = true;
        options.ShutdownTimeout = s_patience;
        options.ConfigureStack = stack =>
        {
            stack.ShutdownTimeout = s_patience;
            stack.ConnectionDefaults = connectionDefaults ?? new() { ConnectTimeout = TimeSpan.FromMinutes(1) };
        };
        configure?.Invoke(options.Gateway);
        return await EmbeddedGateway.StartAsync(options);
    }

    public static async Task WriteAsync(UserTcpConnection connection, string text) =>
        await connection.Output.WriteAsync(Encoding.ASCII.GetBytes(text));

    public static async Task<string> ReadToEndAsync(UserTcpConnection connection)
    {
        using MemoryStream bytes = new();
        await connection.Input.CopyToAsync(bytes);
        return Encoding.ASCII.GetString(bytes.ToArray());
    }

    /// <summary>Looks again and again: there is no event for what statistics tell.</summary>
    public static async Task UntilAsync(Func<bool> condition)
    {
        using CancellationTokenSource patience = new(s_patience);
        while (!condition())
            await Task.Delay(1, patience.Token);
    }
}
