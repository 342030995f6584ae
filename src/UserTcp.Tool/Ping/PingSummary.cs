using System.Globalization;
using System.Net.NetworkInformation;

namespace UserTcp.Tool.Ping;

/// <summary>All replies together.</summary>
internal sealed class PingSummary
{
    private readonly List<double> _times = [];

    public int Sent { get; private set; }

    public int Received => _times.Count;

    /// <summary>From 0 to 100.</summary>
    public double LossPercent => Sent == 0 ? 0 : 100.0 * (Sent - Received) / Sent;

    public double? MinMilliseconds => Received == 0 ? null : _times.Min();

    public double? AverageMilliseconds => Received == 0 ? null : _times.Average();

    public double? MaxMilliseconds => Received == 0 ? null : _times.Max();

    /// <summary>The standard deviation, as ping's "mdev".</summary>
    public double? DeviationMilliseconds => AverageMilliseconds is not { } average
        ? null
        : Math.Sqrt(_times.Sum(time => (time - average) * (time - average)) / Received);

    public void Add(UserTcpPingReply reply)
    {
        Sent++;
        if (reply.Status == IPStatus.Success)
            _times.Add(reply.RoundTripTime.TotalMilliseconds);
    }

    /// <summary>The two lines that ping ends with; the second only if anything came back.</summary>
    public IEnumerable<string> Lines()
    {
        yield return string.Create(
            CultureInfo.InvariantCulture,
            $"{Sent} packets transmitted, {Received} received, {LossPercent:0.#}% packet loss");
        if (Received > 0)
        {
            yield return string.Create(
                CultureInfo.InvariantCulture,
                $"rtt min/avg/max/mdev = {MinMilliseconds:0.000}/{AverageMilliseconds:0.000}/{MaxMilliseconds:0.000}/"
                + $"{DeviationMilliseconds:0.000} ms");
        }
    }
}
