using System.Diagnostics;

namespace UserTcp.Fuzz;

/// <summary>An assertion that does not hold is a finding, and not the end of the process.</summary>
internal sealed class Assertions : TraceListener
{
    public static void Throw()
    {
        Trace.Listeners.Clear();
        Trace.Listeners.Add(new Assertions());
    }

    public override void Fail(string? message, string? detailMessage) =>
        throw new FuzzViolationException($"An assertion does not hold: {message} {detailMessage}");

    public override void Write(string? message)
    {
    }

    public override void WriteLine(string? message)
    {
    }
}
