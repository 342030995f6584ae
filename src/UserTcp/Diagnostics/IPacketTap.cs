using UserTcp.Links;

namespace UserTcp.Diagnostics;

/// <summary>Which way a frame went, as the stack sees it.</summary>
public enum PacketDirection
{
    /// <summary>From the link to the stack.</summary>
    Received,

    /// <summary>From the stack to the link.</summary>
    Sent,
}

/// <summary>A frame that passed between a stack and its link. Valid during the call only.</summary>
public readonly ref struct PacketTapContext
{
    /// <summary>
    /// The whole frame, with finished checksums. A frame that the link segments or has merged is one long frame here.
    /// </summary>
    public ReadOnlySpan<byte> Frame { get; init; }

    /// <summary>Which way it went.</summary>
    public PacketDirection Direction { get; init; }

    /// <summary>When it passed, in UTC and steps of 100 ns; it never runs backwards.</summary>
    public DateTimeOffset Timestamp { get; init; }

    /// <summary>Why a received frame went no further.</summary>
    public PacketDropReason DropReason { get; init; }

    /// <summary>
    /// The <see cref="UserTcpConnection.Id"/> of the connection that a received frame was for; 0 if there is none, and
    /// for frames sent.
    /// </summary>
    public long ConnectionId { get; init; }

    /// <summary>The link: the same object for all frames of one.</summary>
    public LinkInfo Link { get; init; }
}

/// <summary>Sees the frames of a stack, in their order.</summary>
public interface IPacketTap
{
    /// <summary>
    /// Called for every frame by the thread that carried it, one call at a time, before the frame wakes a reader. The
    /// tap may call the stack, but must not wait for it: waiting stops the stack. A tap that throws is removed, and the
    /// exception is logged.
    /// </summary>
    /// <param name="packet">The frame; copy what is to be kept.</param>
    void OnPacket(in PacketTapContext packet);
}
