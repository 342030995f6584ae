namespace UserTcp.Buffers;

/// <summary>Bytes in memory that stays put for as long as their position is held.</summary>
internal unsafe struct BufferPiece
{
    public byte* Pointer;
    public int Length;

    public readonly ReadOnlySpan<byte> Span => new(Pointer, Length);
}
