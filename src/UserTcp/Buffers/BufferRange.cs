namespace UserTcp.Buffers;

/// <summary>The positions [Start, End).</summary>
internal readonly record struct BufferRange(long Start, long End)
{
    public long Length => End - Start;

    public bool IsEmpty => End <= Start;

    public bool Contains(long position) => position >= Start && position < End;

    public override string ToString() => $"[{Start}, {End})";
}
