using UserTcp.Primitives;

namespace UserTcp.Stack;

/// <summary>A part of a shard to which the passing of time matters.</summary>
internal interface ITimed
{
    /// <summary>When <see cref="OnDeadline"/> has something to do; earlier does no harm.</summary>
    Instant NextDeadline { get; }

    /// <summary>Time has passed, and not all of it may count for connections.</summary>
    /// <param name="dueBy">Timers of connections that are due later may wait for what the link still holds.</param>
    /// <param name="now">When what is due is evaluated.</param>
    void OnDeadline(Instant dueBy, Instant now);
}
