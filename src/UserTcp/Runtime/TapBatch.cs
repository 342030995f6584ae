using UserTcp.Diagnostics;

namespace UserTcp.Runtime;

/// <summary>A frame in a <see cref="TapBatch"/>.</summary>
internal readonly record struct TapEntry(
    int Length, PacketDirection Direction, DateTimeOffset Timestamp, PacketDropReason Reason, long Connection);

/// <summary>The copies of the frames of one visit, one behind the other. Used by one thread at a time.</summary>
internal sealed class TapBatch
{
    /// <summary>What is kept for the next visit; a batch that was larger goes back to that.</summary>
    private const int KeptBytes = 1 << 20;

    private byte[] _bytes = new byte[64 * 1024];

    public List<TapEntry> Entries { get; } = [];

    public int Used { get; private set; }

    public ReadOnlySpan<byte> Bytes(int offset, int length) => _bytes.AsSpan(offset, length);

    /// <summary>Room for the bytes of a frame.</summary>
    public Span<byte> Add(in TapEntry entry)
    {
        int end = Used + entry.Length;
        if (end > _bytes.Length)
            Array.Resize(ref _bytes, Math.Max(end, _bytes.Length * 2));
        Entries.Add(entry);
        Span<byte> room = _bytes.AsSpan(Used, entry.Length);
        Used = end;
        return room;
    }

    public void Clear()
    {
        Entries.Clear();
        Used = 0;
        if (_bytes.Length > KeptBytes)
            _bytes = new byte[KeptBytes];
    }
}
