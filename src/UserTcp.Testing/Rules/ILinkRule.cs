namespace UserTcp.Testing.Rules;

/// <summary>
/// A fault: decides the fate of each frame in one direction of a link. Use an instance with state in one direction
/// only.
/// </summary>
public interface ILinkRule
{
    /// <summary>Decides a frame's fate, when it enters the link.</summary>
    /// <param name="frame">The Ethernet frame, its header first.</param>
    /// <param name="now">The network's time.</param>
    /// <param name="random">This rule's own sequence on this link; no other rule changes it.</param>
    /// <returns>The frame's fate.</returns>
    Fate OnFrame(ReadOnlySpan<byte> frame, TimeSpan now, SeededRandom random);
}
