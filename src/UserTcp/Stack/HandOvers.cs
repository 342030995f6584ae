using System.Buffers;
using UserTcp.Links;
using UserTcp.Primitives;

namespace UserTcp.Stack;

/// <summary>The form of what is handed over.</summary>
internal enum HandOverKind : byte
{
    /// <summary>A frame as it arrived: the other shard handles it in place of this one.</summary>
    Frame,

    /// <summary>A packet that shard 0 found in frames: put together, or an ICMP error about a flow.</summary>
    Packet,

    /// <summary>An ARP packet for the neighbours of another shard, which answers nothing.</summary>
    Arp,
}

/// <summary>Something that arrived at one shard and concerns another: a copy.</summary>
internal readonly struct HandOver
{
    private readonly byte[] _memory;
    private readonly int _length;

    public HandOver(int shard, HandOverKind kind, ReadOnlySpan<byte> bytes, FrameOffload offload, Instant arrival)
    {
        _memory = ArrayPool<byte>.Shared.Rent(bytes.Length);
        _length = bytes.Length;
        bytes.CopyTo(_memory);
        Shard = shard;
        Kind = kind;
        Offload = offload;
        Arrival = arrival;
    }

    /// <summary>Whom it concerns.</summary>
    public int Shard { get; }

    public HandOverKind Kind { get; }

    /// <summary>The copy; valid until <see cref="Return"/>.</summary>
    public ReadOnlySpan<byte> Bytes => _memory.AsSpan(0, _length);

    /// <summary>The findings of the device.</summary>
    public FrameOffload Offload { get; }

    /// <summary>When it arrived.</summary>
    public Instant Arrival { get; }

    /// <summary>Gives the memory back, once, by whoever has it last.</summary>
    public void Return() => ArrayPool<byte>.Shared.Return(_memory);
}

/// <summary>
/// Packets that arrived here and concern others. The caller takes them after each batch and brings them there, so that
/// no shard ever knows another.
/// </summary>
internal sealed class HandOvers(int shards, StackCounters counters)
{
    private readonly Queue<HandOver> _queue = new();

    public void Add(int shard, HandOverKind kind, ReadOnlySpan<byte> bytes, FrameOffload offload, Instant arrival)
    {
        if (kind == HandOverKind.Frame)
            counters.HandedOver++;
        _queue.Enqueue(new HandOver(shard, kind, bytes, offload, arrival));
    }

    /// <summary>For all shards but the first, which has it.</summary>
    public void AddForOthers(HandOverKind kind, ReadOnlySpan<byte> bytes, Instant arrival)
    {
        for (int shard = 1; shard < shards; shard++)
        {
            Add(shard, kind, bytes, default, arrival);
        }
    }

    /// <summary>The oldest; its memory is the caller's.</summary>
    public bool TryTake(out HandOver handOver) => _queue.TryDequeue(out handOver);
}
