using System.Text.Json.Nodes;

namespace UserTcp.Tool.Perf;

/// <summary>The words of a server, for its client: a text, or the document of a server with <c>--json</c>.</summary>
internal sealed record PerfServerOutput(string? Text, JsonNode? Json);
