using System.Net;
using System.Text.Json.Nodes;

namespace UserTcp.Tool.Perf;

/// <summary>A view that also keeps its words, for the client that asked for them.</summary>
internal sealed class PerfTranscript(IPerfView view) : IPerfView
{
    private readonly List<string> _lines = [];
    private PerfTest? _test;

    /// <summary>All words so far; a document only at the end.</summary>
    public PerfServerOutput Output => view is JsonPerfView { Document: { } document }
        ? new PerfServerOutput(null, JsonNode.Parse(document))
        : new PerfServerOutput(string.Concat(_lines.Select(line => $"{line.TrimEnd()}\n")), null);

    public void Connecting(string host, int port) => view.Connecting(host, port);

    public void Accepted(IPEndPoint client)
    {
        _lines.Add($"Accepted connection from {client.Address}, port {client.Port}");
        view.Accepted(client);
    }

    public void Started(PerfTest test)
    {
        _test = test;
        _lines.AddRange(PerfText.Connected(test));
        _lines.Add(PerfText.Heading(test));
        view.Started(test);
    }

    public void Progressed(PerfInterval interval)
    {
        _lines.AddRange(PerfText.Interval(interval, _test!));
        view.Progressed(interval);
    }

    public void Ended(PerfOutcome outcome)
    {
        _lines.AddRange(PerfText.Outcome(outcome));
        view.Ended(outcome);
    }

    public void Failed(string message) => view.Failed(message);

    public Task FrameAsync(Func<Task> test) => view.FrameAsync(test);
}
