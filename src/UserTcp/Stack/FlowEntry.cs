using UserTcp.Primitives;
using UserTcp.Wire;

namespace UserTcp.Stack;

/// <summary>
/// What a 4-tuple leads to: a connection or a half-open one. It carries its hash, computed once per segment for all
/// tables, and its place in the <see cref="DeadlineWheel"/>.
/// </summary>
internal abstract class FlowEntry(FlowKey flow, ulong flowHash)
{
    /// <summary>The value of <see cref="WheelSlot"/> while the entry is in no list of the wheel.</summary>
    public const int NoSlot = -1;

    public FlowKey Flow { get; } = flow;

    public ulong FlowHash { get; } = flowHash;

    /// <summary>When it is due; written by <see cref="DeadlineWheel.Arm"/> alone.</summary>
    public Instant Deadline { get; internal set; } = Instant.Never;

    /// <summary>The history of the peer's checksums, for links whose frames may lack them.</summary>
    public ChecksumHistory Checksums
    {
        get => new(_checksums);
        set => _checksums = value.Bits;
    }

    /// <summary>The tick it is queued for, at or before its deadline.</summary>
    internal long WheelTick;

    internal int WheelSlot = NoSlot;
    private byte _checksums; // not a structure, which would take eight bytes
    internal FlowEntry? WheelNext;
    internal FlowEntry? WheelPrevious;
}
