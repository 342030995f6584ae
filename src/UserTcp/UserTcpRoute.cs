using System.ComponentModel;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;
using UserTcp.Primitives;

namespace UserTcp;

/// <summary>
/// Where packets for a network go, written <c>10.0.0.0/8 via 192.168.1.1</c>. Immutable and thread-safe; configuration
/// binding reads it from text.
/// </summary>
/// <param name="Destination">The network; the longest prefix that covers a destination wins.</param>
/// <param name="NextHop">A router on the link.</param>
/// <param name="Metric">Among routes with equal prefixes the smallest wins; not negative.</param>
[TypeConverter(typeof(UserTcpRouteConverter))]
public readonly record struct UserTcpRoute(IPNetwork Destination, IPAddress NextHop, int Metric = 0)
    : IParsable<UserTcpRoute>
{
    private const StringSplitOptions Words = StringSplitOptions.RemoveEmptyEntries;

    /// <summary>Reads <c>10.0.0.0/8 via 192.168.1.1</c>, and <c>… metric 5</c>.</summary>
    /// <param name="s">The text.</param>
    /// <param name="provider">Not used.</param>
    /// <returns>The route.</returns>
    /// <exception cref="FormatException">The text is not a network, <c>via</c> and an address.</exception>
    public static UserTcpRoute Parse(string s, IFormatProvider? provider = null)
    {
        ArgumentNullException.ThrowIfNull(s);
        return TryParse(s, provider, out UserTcpRoute result)
            ? result
            : throw new FormatException($"'{s}' is not a route such as 10.0.0.0/8 via 192.168.1.1 metric 5.");
    }

    /// <summary>Reads a route without throwing.</summary>
    /// <param name="s">The text.</param>
    /// <param name="provider">Not used.</param>
    /// <param name="result">The route, or the default value.</param>
    /// <returns>Whether the text is a route.</returns>
    public static bool TryParse([NotNullWhen(true)] string? s, IFormatProvider? provider, out UserTcpRoute result)
    {
        result = default;
        string[] words = s?.Split(' ', Words) ?? [];
        int metric = 0;
        bool isWhole = words is [_, "via", _]
            || (words is [_, "via", _, "metric", string number]
                && int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out metric));
        if (!isWhole || !IPNetwork.TryParse(words[0], out IPNetwork network)
            || !IPAddress.TryParse(words[2], out IPAddress? hop))
        {
            return false;
        }

        result = new UserTcpRoute(network, hop, metric);
        return true;
    }

    /// <summary>The route, as <see cref="Parse"/> reads it.</summary>
    /// <returns>For instance <c>10.0.0.0/8 via 192.168.1.1</c>.</returns>
    public override string ToString() =>
        Metric == 0 ? $"{Destination} via {NextHop}" : $"{Destination} via {NextHop} metric {Metric}";
}

/// <summary>Lets configuration binding read a <see cref="UserTcpRoute"/> from text.</summary>
internal sealed class UserTcpRouteConverter : TextConverter
{
    protected override object Parse(string text) => UserTcpRoute.Parse(text);
}
