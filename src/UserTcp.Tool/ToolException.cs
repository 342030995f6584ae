namespace UserTcp.Tool;

/// <summary>A failure that the user is told in one line.</summary>
internal sealed class ToolException(Failure failure, string message, Exception? innerException = null)
    : Exception(message, innerException)
{
    public Failure Failure { get; } = failure;
}
