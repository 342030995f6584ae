using System.Globalization;
using System.Net;
using Spectre.Console;
using Spectre.Console.Rendering;
using UserTcp.Tool.Terminal;

namespace UserTcp.Tool.Perf;

/// <summary>On a terminal: a chart of the bit rate and the last intervals, redrawn; the totals stay.</summary>
internal sealed class LivePerfView(ToolOutput output) : IPerfView
{
    private const int ShownIntervals = 8;
    private const int ChartWidth = 60;
    private const int ChartHeight = 8;

    private readonly List<PerfInterval> _intervals = [];
    private readonly List<string> _end = [];
    private LiveDisplayContext? _live;
    private PerfTest? _test;

    public void Connecting(string host, int port) => output.Line($"Connecting to host {host}, port {port}");

    public void Accepted(IPEndPoint client)
    {
        // The server has a line for it.
    }

    public void Started(PerfTest test) => _test = test;

    public void Progressed(PerfInterval interval)
    {
        _intervals.Add(interval);
        _live?.UpdateTarget(Draw());
    }

    public void Ended(PerfOutcome outcome) => _end.AddRange(PerfText.Outcome(outcome));

    public void Failed(string message)
    {
        // The command's line on the standard error says it.
    }

    public async Task FrameAsync(Func<Task> test)
    {
        await output.Screen.Live(new Text("")).StartAsync(async live =>
        {
            _live = live;
            await test();
            _live = null;
        });
        foreach (string line in _end)
        {
            output.Line(line.TrimEnd());
        }
    }

    private Rows Draw()
    {
        TextTable table = new TextTable("seconds", "transfer", "bit rate", "retr", "cwnd", "rtt")
            .AlignRight(1, 2, 3, 4, 5).MayLack(5, 4, 3);
        foreach (PerfInterval interval in _intervals.TakeLast(ShownIntervals))
        {
            UserTcpConnectionInfo info = interval.Streams[0].Info;
            table.Add(
                string.Create(CultureInfo.InvariantCulture, $"{interval.Start:0.00}-{interval.End:0.00}")
                    + (interval.IsOmitted ? " omitted" : ""),
                Quantity.Bytes(interval.Bytes), Quantity.BitsPerSecond(interval.BitsPerSecond),
                Quantity.Count(interval.Retransmits), Quantity.Bytes(info.CongestionWindow),
                Quantity.Milliseconds(info.SmoothedRtt));
        }

        double[] rates = [.. _intervals.Select(interval => interval.BitsPerSecond)];
        string most = Quantity.BitsPerSecond(rates.Max());
        List<IRenderable> parts = [new Markup($"[grey]{Markup.Escape(Title())}, up to {most}[/]")];
        parts.AddRange(BrailleChart.Draw(rates, ChartWidth, ChartHeight)
            .Select(line => new Text(line, new Style(Color.Aqua))));
        parts.Add(table.Render());
        return new Rows(parts);
    }

    private string Title() => _test is null
        ? ""
        : $"{_test.Streams.Count} {(_test.Streams.Count == 1 ? "stream" : "streams")} "
            + (_test.Parameters.IsBidirectional ? "to and from " : _test.IsSender ? "to " : "from ")
            + _test.Streams[0].Connection.RemoteEndPoint.Address;
}
