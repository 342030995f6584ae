using System.Globalization;
using Spectre.Console;
using Spectre.Console.Rendering;
using UserTcp.Tool.Terminal;

namespace UserTcp.Tool.Simulation;

/// <summary>Draws samples of a transfer: two charts and a table.</summary>
internal sealed class LiveView(LivePath path)
{
    private const int ChartHeight = 6;
    private const int ShownSamples = 300;

    private readonly List<LiveSample> _samples = [];

    public IRenderable Draw(LiveSample sample)
    {
        _samples.Add(sample);
        if (_samples.Count > ShownSamples)
            _samples.RemoveAt(0);

        List<IRenderable> parts = [new Markup(
            $"[bold]two stacks[/] over {Quantity.BitsPerSecond(path.BitsPerSecond)}, "
            + $"{Quantity.Milliseconds(path.RoundTrip)} there and back, "
            + string.Create(CultureInfo.InvariantCulture, $"{path.Loss:P2} lost, seed {path.Seed}"))];
        parts.AddRange(Chart("goodput", item => item.BitsPerSecond, Quantity.BitsPerSecond, Color.Green));
        parts.AddRange(Chart("congestion window", item => item.Info.CongestionWindow, Quantity.Bytes, Color.Aqua));
        parts.Add(Table(sample).Render());
        return new Rows(parts);
    }

    private IEnumerable<IRenderable> Chart(
        string name, Func<LiveSample, double> value, Func<double, string> unit, Color color)
    {
        double[] values = [.. _samples.Select(value)];
        yield return new Markup($"[grey]{name}, now {unit(values[^1])}, up to {unit(values.Max())}[/]");
        yield return new FittingChart(values, ChartHeight, color);
    }

    private static TextTable Table(LiveSample sample)
    {
        UserTcpConnectionInfo info = sample.Info;
        var table = new TextTable("sender", "", "link", "");
        table.Add("recovery", info.RecoveryState.ToString(), "virtual time", Quantity.Seconds(sample.Time));
        table.Add(
            "smoothed rtt", Quantity.Milliseconds(info.SmoothedRtt), "delivered", Quantity.Bytes(sample.Delivered));
        table.Add("under way", Quantity.Bytes(info.BytesInFlight), "lost", Quantity.Count(sample.Lost));
        table.Add(
            "ssthresh", info.SlowStartThreshold > int.MaxValue ? "-" : Quantity.Bytes(info.SlowStartThreshold),
            "overflowed", Quantity.Count(sample.Overflowed));
        table.Add(
            "sent again", Quantity.Count(info.Retransmits), "timeouts", Quantity.Count(info.Timeouts));
        return table;
    }
}
