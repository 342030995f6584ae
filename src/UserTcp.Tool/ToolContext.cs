using UserTcp.Tool.Terminal;

namespace UserTcp.Tool;

/// <summary>What all commands share.</summary>
/// <param name="Console">The streams of the process.</param>
/// <param name="Options">The global options.</param>
internal sealed record ToolContext(ToolConsole Console, GlobalOptions Options);
