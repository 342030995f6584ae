using UserTcp.Ip;
using UserTcp.Primitives;

namespace UserTcp.Stack;

/// <summary>Makes echo requests (RFC 1122 §3.2.2.6).</summary>
internal sealed class EchoRequests(NextHops nextHops, LinkState link, Answers answers, PacketBlocks blocks)
{
    public CallResult Send(
        HostAddress destination, ushort identifier, ushort sequence, ReadOnlySpan<byte> payload, byte timeToLive,
        Instant now)
    {
        CallResult result = nextHops.Find(destination, out NextHop hop);
        if (result != CallResult.Done)
            return result;
        if (!nextHops.HasRoomToAsk(hop, destination, now))
            return CallResult.NeighborTableFull;

        int length = IcmpEcho.Overhead + payload.Length;
        if (length > link.Mtu)
            return CallResult.TooLong;
        if (blocks.TryRent(length) is not { } block)
            return CallResult.QueueFull;

        block.Length = IcmpEcho.WriteRequest(
            block.Room, hop.Source, destination, identifier, sequence, payload, timeToLive);
        if (answers.TrySend(block, new FlowKey(hop.Source, 0, destination, 0), hop))
            return CallResult.Done;
        block.Return();
        return CallResult.QueueFull;
    }
}
