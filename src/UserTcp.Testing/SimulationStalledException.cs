namespace UserTcp.Testing;

/// <summary>
/// Nothing can happen in a <see cref="SimulatedNetwork"/> any more, or not within the time, and the code that was to be
/// run to its end still waits. The message tells of every connection.
/// </summary>
public sealed class SimulationStalledException : Exception
{
    /// <summary>Makes an exception with a standard message.</summary>
    public SimulationStalledException()
        : this("The simulation waits for something that will not happen.")
    {
    }

    /// <summary>Makes an exception.</summary>
    /// <param name="message">The connections that wait, and their states.</param>
    public SimulationStalledException(string message)
        : base(message)
    {
    }

    /// <summary>Makes an exception.</summary>
    /// <param name="message">The connections that wait, and their states.</param>
    /// <param name="innerException">Why.</param>
    public SimulationStalledException(string message, Exception? innerException)
        : base(message, innerException)
    {
    }
}
