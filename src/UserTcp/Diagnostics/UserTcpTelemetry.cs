using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace UserTcp.Diagnostics;

/// <summary>The names under which the library can be listened to; the README lists instruments and spans.</summary>
public static class UserTcpTelemetry
{
    /// <summary>The <see cref="Meter"/> of all stacks: <c>AddMeter(UserTcpTelemetry.MeterName)</c>.</summary>
    public const string MeterName = "UserTcp";

    /// <summary>
    /// The <see cref="ActivitySource"/> of the spans <c>tcp connect</c>, <c>tcp listen</c>, <c>arp resolve</c> and
    /// <c>dns lookup</c>.
    /// </summary>
    public const string ActivitySourceName = "UserTcp";

    internal static string Version { get; } =
        typeof(UserTcpTelemetry).Assembly.GetName().Version?.ToString(fieldCount: 3) ?? "0.0.0";
}
