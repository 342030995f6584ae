namespace UserTcp.Fuzz;

/// <summary>An invariant does not hold: a finding.</summary>
internal sealed class FuzzViolationException : Exception
{
    public FuzzViolationException(string message)
        : base(message)
    {
    }

    public FuzzViolationException(string message, Exception inner)
        : base(message, inner)
    {
    }
}
