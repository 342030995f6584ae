namespace UserTcp.Buffers;

/// <summary>Has chunks for a writer, which no queue holds yet.</summary>
internal interface IChunkSource
{
    /// <summary>A clear chunk of 4 KiB or 64 KiB, or one of the size of a larger request. Nobody counts it.</summary>
    Chunk Take(int minimumBytes);
}
