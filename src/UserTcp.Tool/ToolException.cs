namespace UserTcp.Tool;

/// <summary>A failure that the user is told in one line.</summary>
internal sealed class ToolException(Failure failure, string message, Exception? innerException = null)
    : Exception(message, innerException)
{
    public Failure Failure { get; } = failure;

    /// <summary>The words of a library's exception that are meant for people: not the name of its parameter.</summary>
    public static string WordsOf(Exception error)
    {
        int parameter = error is ArgumentException { ParamName: { Length: > 0 } name }
            ? error.Message.IndexOf($" (Parameter '{name}')", StringComparison.Ordinal) : -1;
        return parameter < 0 ? error.Message : error.Message[..parameter];
    }
}
