using UserTcp.Buffers;
using UserTcp.Primitives;
using UserTcp.Tcp;
using UserTcp.Wire;

namespace UserTcp.Benchmarks.Workloads;

/// <summary>One end of a connection: the machine, its two queues, and an application that writes and reads.</summary>
internal sealed class TcbEnd(TcpConfig config, ChunkPool pool)
{
    public SendQueue Send { get; } = new(pool);

    public ReceiveQueue Receive { get; } = new(pool, config.ReceiveBufferBytes);

    public TcpConfig Config => config;

    public Tcb Tcb { get; set; } = null!;

    /// <summary>Writes as much as the send buffer takes.</summary>
    /// <returns>How many octets were written.</returns>
    public int Write(int bytes, Instant now)
    {
        long room = Send.Limit - Send.Unacknowledged;
        int written = 0;
        while (written < bytes && written < room)
        {
            int count = (int)Math.Min(Math.Min(bytes, room) - written, Chunk.LargeSize);
            Memory<byte> memory = Send.GetMemory(1);
            count = Math.Min(count, memory.Length);
            Send.Advance(count);
            Send.Publish();
            written += count;
        }

        if (written > 0)
            Tcb.OnUserCall(UserCall.Send, now);

        return written;
    }

    /// <summary>Reads and consumes all that is there.</summary>
    public void Read(Instant now)
    {
        if (Receive.Unexamined == 0)
            return;

        Receive.Read();
        Receive.AdvanceTo(Receive.ContiguousEnd, Receive.ContiguousEnd);
        Tcb.OnUserCall(UserCall.Receive, now);
    }

    /// <summary>The segment of a plan, as bytes on a wire.</summary>
    /// <returns>Its length.</returns>
    public int Put(in SegmentPlan plan, Span<byte> wire)
    {
        int header = TcpSegmentWriter.WriteHeader(
            wire, 49152, 80, plan.Seq, plan.Ack, plan.Flags, plan.Window, plan.UrgentPointer, plan.Options);
        Span<byte> text = wire.Slice(header, plan.PayloadLength);
        Send.CopyTo(plan.PayloadOffset, text);
        TcpSegmentWriter.WriteChecksum(wire[..header], SegmentSample.Source, SegmentSample.Destination, text);
        return header + text.Length;
    }
}
