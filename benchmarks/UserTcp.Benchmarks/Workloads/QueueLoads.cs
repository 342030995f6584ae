using UserTcp.Buffers;

namespace UserTcp.Benchmarks.Workloads;

/// <summary>A send queue that is written, sent from and acknowledged. No octet is touched.</summary>
internal sealed class SendQueueLoad
{
    private const int Window = 64 << 10;
    private readonly SendQueue _queue = new(new ChunkPool(64 << 20));

    public SendQueueLoad() => Append(Window);

    /// <summary>Appends octets, finds their memory as a segment would, and releases as many at the other end.</summary>
    public int Pass(int bytes)
    {
        long position = _queue.End;
        Append(bytes);
        int covered = _queue.Gather(position, bytes, out _, out _);
        _queue.FreeBelow(_queue.End - Window);
        return covered;
    }

    private void Append(int bytes)
    {
        for (int left = bytes; left > 0;)
        {
            int count = Math.Min(left, _queue.GetMemory(1).Length);
            _queue.Advance(count);
            _queue.Publish();
            left -= count;
        }
    }
}

/// <summary>A receive queue that segments arrive at, in order or not, and an application that reads.</summary>
internal sealed class ReceiveQueueLoad(int segmentBytes)
{
    private readonly ReceiveQueue _queue = new(new ChunkPool(64 << 20), 1 << 20);
    private readonly byte[] _segment = new byte[segmentBytes];

    /// <summary>Segments arrive in order, then all is read and released.</summary>
    public long InOrder(int segments)
    {
        for (int i = 0; i < segments; i++)
        {
            _queue.TryWrite(_queue.ContiguousEnd, _segment, out _);
        }

        return Release();
    }

    /// <summary>Segments arrive in pairs, the second of each first, then all is read and released.</summary>
    public long Swapped(int segments)
    {
        for (int i = 0; i < segments; i += 2)
        {
            _queue.TryWrite(_queue.ContiguousEnd + _segment.Length, _segment, out _);
            _queue.TryWrite(_queue.ContiguousEnd, _segment, out _);
        }

        return Release();
    }

    private long Release()
    {
        long length = _queue.Read().Length;
        _queue.AdvanceTo(_queue.ContiguousEnd, _queue.ContiguousEnd);
        return length;
    }
}
