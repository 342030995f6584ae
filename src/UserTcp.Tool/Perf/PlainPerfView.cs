using System.Net;
using UserTcp.Tool.Terminal;

namespace UserTcp.Tool.Perf;

/// <summary>Lines as they come, like iperf3's.</summary>
internal sealed class PlainPerfView(ToolOutput output) : IPerfView
{
    private PerfTest? _test;

    public void Connecting(string host, int port) => output.Line($"Connecting to host {host}, port {port}");

    public void Accepted(IPEndPoint client)
    {
        // The server has a line for it.
    }

    public void Started(PerfTest test)
    {
        _test = test;
        Show(PerfText.Connected(test));
        output.Line(PerfText.Heading(test));
    }

    public void Progressed(PerfInterval interval) => Show(PerfText.Interval(interval, _test!));

    public void Ended(PerfOutcome outcome)
    {
        Show(PerfText.Outcome(outcome));
        output.Line("");
    }

    public void Failed(string message)
    {
        // The command's line on the standard error says it.
    }

    public Task FrameAsync(Func<Task> test) => test();

    private void Show(IEnumerable<string> lines)
    {
        foreach (string line in lines)
        {
            output.Line(line.TrimEnd());
        }
    }
}
