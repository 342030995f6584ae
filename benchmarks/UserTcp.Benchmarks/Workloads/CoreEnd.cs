using UserTcp.Buffers;
using UserTcp.Links;
using UserTcp.Primitives;
using UserTcp.Stack;
using UserTcp.Tcp;

namespace UserTcp.Benchmarks.Workloads;

/// <summary>A stack without a thread at one end of a link: what its loop would do is one call of its user.</summary>
internal sealed class CoreEnd : IDisposable
{
    private readonly LinkDevice _device;
    private readonly RxBatch _rx = new();
    private readonly TxFrame[] _frames = new TxFrame[FrameSlots.Count];

    /// <param name="link">Its end of the link.</param>
    /// <param name="host">Whose stack it is.</param>
    /// <param name="shard">Which shard of it.</param>
    public CoreEnd(LinkDevice link, Host host, int shard)
    {
        _device = new SoftwareOffload(link);
        Core = new Shard(host, shard);
    }

    /// <summary>A stack's identity.</summary>
    /// <param name="link">What its links are like.</param>
    /// <param name="number">The last byte of its addresses.</param>
    /// <param name="shards">In how many shards it runs.</param>
    public static Host MakeHost(LinkInfo link, int number, int shards)
    {
        var config = new StackConfig
        {
            // CoreEnd finishes checksums and cuts segments where the link does not.
            Link = link with
            {
                Features = link.Features | LinkFeatures.TransmitChecksum | LinkFeatures.TransmitSegmentation,
            },
            Mtu = link.Mtu,
            MacAddress = MacAddress.CreateLocal([(byte)number, 0]),
            Addresses = [new StackAddress(HostAddress.FromV4(0x0A00_0000 + (uint)number), 16)],
            Secret = new SipHash(42, 1), // the same for both ends: a flow has the same shard at either
            Chunks = new ChunkPool(64 << 20),
            DetectConflicts = false,
            Shards = shards,
        };
        return new Host(config, CorePair.Start);
    }

    public Shard Core { get; }

    public HostAddress Address => Core.Config.Addresses[0].Address;

    /// <summary>Wake-ups since the stack was made.</summary>
    public long Wakeups { get; private set; }

    /// <summary>Takes a batch of frames, runs timers, sends what is due: a turn of the loop.</summary>
    /// <returns>Whether any frame came or went, or another turn is due.</returns>
    public bool Turn(Instant now)
    {
        _rx.Clear();
        int received = _device.Receive(_rx);
        for (int i = 0; i < received; i++)
        {
            Core.OnFrame(_rx[i], now);
        }

        if (Core.NextDeadline <= now)
            Core.OnDeadline(now);
        return Flush(now) | received > 0 | Core.HasPendingOutput;
    }

    /// <summary>Writes as much as the send buffer takes, and tells the stack.</summary>
    /// <returns>How many octets were written.</returns>
    public int Write(StackConnection connection, int bytes, Instant now)
    {
        SendQueue send = connection.Send;
        int room = (int)Math.Min(bytes, send.Limit - send.Unacknowledged);
        int written = 0;
        while (written < room)
        {
            int count = Math.Min(room - written, send.GetMemory(1).Length);
            send.Advance(count);
            send.Publish();
            written += count;
        }

        if (written > 0)
            Core.OnUserCall(connection, UserCall.Send, now);
        return written;
    }

    /// <summary>Reads and consumes all that is there.</summary>
    /// <returns>How many octets that were.</returns>
    public int Read(StackConnection connection, Instant now)
    {
        ReceiveQueue receive = connection.Receive;
        long count = receive.ContiguousEnd - receive.Consumed;
        if (count == 0)
            return 0;

        receive.Read();
        receive.AdvanceTo(receive.ContiguousEnd, receive.ContiguousEnd);
        Core.OnUserCall(connection, UserCall.Receive, now);
        return (int)count;
    }

    public void Dispose()
    {
        Core.Dispose();
        _device.Dispose();
        _rx.Dispose();
    }

    private bool Flush(Instant now)
    {
        bool any = false;
        for (int count; (count = Core.PullFrames(_frames, now)) > 0; any = true)
        {
            int accepted = _device.Transmit(_frames.AsSpan(0, count));
            Core.FramesAccepted(accepted);
            if (accepted < count)
                return true;
        }

        while (Core.TryNextWakeup(out _))
        {
            Wakeups++;
        }

        return any;
    }
}
