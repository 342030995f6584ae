namespace UserTcp.Testing.Swarm;

/// <summary>Something happened in a simulation that must never happen.</summary>
internal sealed class SwarmViolationException(string message) : Exception(message);
