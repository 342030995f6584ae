using UserTcp.Primitives;

namespace UserTcp.Stack;

/// <summary>A part of a shard that has frames to send. The <see cref="Egress"/> asks its sources in turn.</summary>
internal interface IOutputSource
{
    /// <summary>Whether <see cref="TryNext"/> may have a plan.</summary>
    bool HasOutput { get; }

    /// <summary>Decides what is sent next. False if nothing more is to be sent in this turn.</summary>
    /// <param name="now">The time.</param>
    /// <param name="plan">
    /// Has no packet and no connection; if the result is true, the kind, and the fields that the kind needs, are set.
    /// </param>
    bool TryNext(Instant now, ref OutgoingPlan plan);
}
