namespace UserTcp.Testing;

/// <summary>
/// The code that a <see cref="SimulatedNetwork"/> runs still waits, and nothing can happen any more, or not within the
/// time limit. The message names every connection and its state.
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
    /// <param name="innerException">The cause.</param>
    public SimulationStalledException(string message, Exception? innerException)
        : base(message, innerException)
    {
    }
}
