using System.Globalization;
using System.Net.NetworkInformation;
using System.Text.Json.Serialization;

namespace UserTcp.Tool.Ping;

/// <summary>All replies together.</summary>
internal sealed class PingSummary
{
    private readonly List<double> _times = [];

    public int Sent { get; set; }

    public int Received => _times.Count;

    /// <summary>Further answers to requests that had one.</summary>
    public int Duplicates { get; set; }

    /// <summary>Answers that say that the host cannot be reached.</summary>
    public int Errors { get; private set; }

    /// <summary>From 0 to 100.</summary>
    public double LossPercent => Sent == 0 ? 0 : 100.0 * (Sent - Received) / Sent;

    /// <summary>From the first request to the end.</summary>
    [JsonIgnore]
    public TimeSpan Elapsed { get; set; }

    public double ElapsedMilliseconds => Elapsed.TotalMilliseconds;

    public double? MinMilliseconds => Received == 0 ? null : _times.Min();

    public double? AverageMilliseconds => Received == 0 ? null : _times.Average();

    public double? MaxMilliseconds => Received == 0 ? null : _times.Max();

    /// <summary>The standard deviation, as ping's "mdev".</summary>
    public double? DeviationMilliseconds => AverageMilliseconds is not { } average
        ? null
        : Math.Sqrt(_times.Sum(time => (time - average) * (time - average)) / Received);

    public void Add(UserTcpPingReply reply)
    {
        if (reply.Status == IPStatus.Success)
            _times.Add(reply.RoundTripTime.TotalMilliseconds);
        else
            Errors++;
    }

    /// <summary>The two lines that ping ends with; the second only if anything came back.</summary>
    public IEnumerable<string> Lines()
    {
        string duplicates = Duplicates > 0 ? $", +{Duplicates} duplicates" : "";
        string errors = Errors > 0 ? $", +{Errors} errors" : "";
        yield return string.Create(
            CultureInfo.InvariantCulture,
            $"{Sent} packets transmitted, {Received} received{duplicates}{errors}, {LossPercent:0.#}% packet loss, "
            + $"time {ElapsedMilliseconds:0}ms");
        if (Received > 0)
        {
            yield return string.Create(
                CultureInfo.InvariantCulture,
                $"rtt min/avg/max/mdev = {MinMilliseconds:0.000}/{AverageMilliseconds:0.000}/{MaxMilliseconds:0.000}/"
                + $"{DeviationMilliseconds:0.000} ms");
        }
    }
}
