namespace UserTcp.Testing.Packetdrill.Syntax;

/// <summary>A script cannot be read, or asks for what is not supported.</summary>
internal sealed class ScriptException(int line, string message, bool isUnsupported = false) : Exception(message)
{
    public int Line { get; } = line;

    /// <summary>Whether the script may be right all the same: it needs something that is not here.</summary>
    public bool IsUnsupported { get; } = isUnsupported;

    public static ScriptException Unsupported(int line, string what) =>
        new(line, $"{what} is not supported", isUnsupported: true);
}
