using UserTcp.Ip;
using UserTcp.Primitives;
using UserTcp.Stack;
using UserTcp.Tests.Ip;

namespace UserTcp.Tests.Stack;

/// <summary>A protocol beside TCP: it sends datagrams, some of them by a timer.</summary>
internal sealed class DatagramSource(Host host) : IOutputSource, ITimed, IDisposable
{
    public const int MostBlocks = 4;

    private readonly PacketBlocks _blocks = new(MostBlocks);
    private readonly Queue<PacketBlock> _queue = new();
    private Instant _due = Instant.Never;

    public bool HasOutput => _queue.Count > 0;

    public Instant NextDeadline => _due;

    /// <summary>False if all blocks are in use.</summary>
    public bool TrySend(HostAddress to, byte number)
    {
        byte[] datagram = Packets.Ipv4(Packets.Own, to, [0, 7, 0, 7, 0, 9, 0, 0, number], 17);
        if (_blocks.TryRent(datagram.Length) is not { } block)
            return false;
        datagram.CopyTo(block.Room);
        block.Length = datagram.Length;
        _queue.Enqueue(block);
        return true;
    }

    /// <summary>Sends datagram 99 to the peer when the time has come.</summary>
    public void SendAt(Instant due) => _due = due;

    public void OnDeadline(Instant dueBy, Instant now)
    {
        if (_due > now)
            return;
        _due = Instant.Never;
        Assert.True(TrySend(Packets.Peer, 99));
    }

    public bool TryNext(Instant now, ref OutgoingPlan plan)
    {
        if (!_queue.TryDequeue(out PacketBlock? block))
            return false;

        HostAddress to = HostAddress.ReadV4(block.Packet[16..]);
        Assert.True(host.Routes.TryResolve(to, out NextHop hop));
        plan = new OutgoingPlan
        {
            Kind = OutgoingKind.Packet,
            Packet = block,
            Flow = new FlowKey(hop.Source, 0, to, 0),
            NextHop = hop.Address,
            IsLooped = host.Routes.IsLocal(to),
        };
        return true;
    }

    public void Dispose() => _blocks.Dispose();
}
