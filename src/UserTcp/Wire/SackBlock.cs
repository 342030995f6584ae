using System.Runtime.CompilerServices;
using UserTcp.Primitives;

namespace UserTcp.Wire;

/// <summary>
/// A run of octets that arrived out of order, [<see cref="Left"/>, <see cref="Right"/>) (RFC 2018 §3); never empty.
/// </summary>
internal readonly record struct SackBlock
{
    private SackBlock(SeqNumber left, SeqNumber right)
    {
        Left = left;
        Right = right;
    }

    public SeqNumber Left { get; }

    public SeqNumber Right { get; }

    public static bool TryCreate(SeqNumber left, SeqNumber right, out SackBlock block)
    {
        block = left < right ? new SackBlock(left, right) : default;
        return left < right;
    }
}

/// <summary>The blocks of one SACK option: four at most, three beside timestamps (RFC 2018 §3).</summary>
[InlineArray(MaxBlocks)]
internal struct SackBlocks
{
    public const int MaxBlocks = 4;

    private SackBlock _first;
}
