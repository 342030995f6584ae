namespace UserTcp.Testing.Rules;

/// <summary>
/// A fault: decides what happens to each frame that takes one direction of a link. A rule that remembers something
/// belongs to one direction.
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
