namespace UserTcp.Links;

/// <summary>How a <see cref="TapLink"/> is opened. Copied at the call.</summary>
public sealed class TapLinkOptions
{
    /// <summary>
    /// What the interface carries: <see cref="LinkMedium.Ethernet"/>, the default, for TAP, <see cref="LinkMedium.Ip"/>
    /// for TUN.
    /// </summary>
    public LinkMedium Medium { get; set; } = LinkMedium.Ethernet;

    /// <summary>
    /// Whether the interface may have several queues, among which the system divides what arrives by flow: those of
    /// <see cref="LinkDevice.OpenQueues"/>, or links of their own. Null, the default, is as the interface is; one that
    /// does not exist yet gets a single queue.
    /// </summary>
    public bool? MultiQueue { get; set; }

    /// <summary>Whether one that does not exist yet gets several queues, unless told otherwise.</summary>
    internal bool PrefersQueues { get; init; }

    internal void Validate()
    {
        if (!Enum.IsDefined(Medium))
            throw new ArgumentOutOfRangeException(nameof(Medium), Medium, "Medium must be a member of LinkMedium.");
    }
}
