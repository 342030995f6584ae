using System.Buffers.Binary;
using UserTcp.Primitives;

namespace UserTcp.Wire;

/// <summary>
/// Says whose a flow is. Both ends of a flow give the same shard, so a flow to ourselves stays in one. The formula uses
/// 32-bit operations only, so that a classic BPF program computes the same in the kernel.
/// </summary>
internal readonly struct Steering
{
    /// <summary>The most shards that a stack may have.</summary>
    public const int MaxShards = 64;

    /// <summary>The second multiplier, 2^32 over the golden ratio: it spreads whatever the key left together.</summary>
    public const uint Spread = 0x9e37_79b1;

    /// <summary>The offset and "more fragments" of IPv4: any bit of them marks a part of a packet.</summary>
    public const ushort FragmentBits = 0x3fff;

    /// <summary>The first octet of IPv4 destinations that are groups or everybody (RFC 1112 §4).</summary>
    public const byte FirstGroupV4 = 0xe0;

    /// <summary>The first octet of IPv6 groups (RFC 4291 §2.7).</summary>
    public const byte GroupV6 = 0xff;

    /// <param name="count">The number of shards.</param>
    /// <param name="key">A secret of the stack, so that nobody can choose flows that meet in one shard.</param>
    public Steering(int count, uint key)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, MaxShards);
        Count = count;
        Key = key | 1; // an even one would lose bits
    }

    public int Count { get; }

    /// <summary>The first multiplier, an odd number.</summary>
    public uint Key { get; }

    /// <summary>The shard of a flow, from 0.</summary>
    public int ShardOf(in FlowKey flow) =>
        Place(Fold(flow.Local) ^ Fold(flow.Remote) ^ (uint)(flow.LocalPort ^ flow.RemotePort));

    /// <summary>
    /// The shard that a packet goes to: that of its flow, or 0 if it has to be parsed further. These are all but TCP
    /// and UDP, packets to groups and to everybody, fragments (the first one, too), packets that are cut off before
    /// the ports, and IPv6 with extension headers. One is stepped over: the hop-by-hop header of eight octets that
    /// offloads of this machine put into long packets (BIG TCP).
    /// </summary>
    /// <param name="packet">All that follows the link header; lengths that it names itself are ignored.</param>
    public int ShardOf(ReadOnlySpan<byte> packet) => TryFold(packet, out uint folded) ? Place(folded) : 0;

    private int Place(uint folded)
    {
        uint mixed = folded * Key;
        mixed ^= mixed >> 16;
        mixed *= Spread;
        return (int)(((mixed >> 16) * (uint)Count) >> 16);
    }

    private static uint Fold(HostAddress address)
    {
        if (address.IsV4)
            return address.V4;

        ulong both = address.High ^ address.Low;
        return (uint)(both >> 32) ^ (uint)both;
    }

    private static bool TryFold(ReadOnlySpan<byte> packet, out uint folded)
    {
        folded = 0;
        return !packet.IsEmpty && (packet[0] >> 4) switch
        {
            4 => TryFoldV4(packet, out folded),
            6 => TryFoldV6(packet, out folded),
            _ => false,
        };
    }

    private static bool TryFoldV4(ReadOnlySpan<byte> packet, out uint folded)
    {
        folded = 0;
        int ports = (packet[0] & 15) * 4;
        if (ports < Ipv4Header.Size || packet.Length < Ipv4Header.Size || !HasPorts(packet[9]))
            return false;
        if ((BinaryPrimitives.ReadUInt16BigEndian(packet[6..]) & FragmentBits) != 0 || packet[16] >= FirstGroupV4)
            return false;

        folded = FoldWords(packet[12..Ipv4Header.Size]);
        return TryAddPorts(packet, ports, ref folded);
    }

    private static bool TryFoldV6(ReadOnlySpan<byte> packet, out uint folded)
    {
        folded = 0;
        int ports = Ipv6Header.Size;
        if (packet.Length < ports || packet[24] == GroupV6)
            return false;

        byte next = packet[6];
        if (next == (byte)IpProtocol.HopByHop)
        {
            ports += Ipv6Extensions.Unit;
            if (packet.Length < ports || packet[Ipv6Header.Size + 1] != 0)
                return false;
            next = packet[Ipv6Header.Size];
        }

        folded = FoldWords(packet[8..Ipv6Header.Size]);
        return HasPorts(next) && TryAddPorts(packet, ports, ref folded);
    }

    private static bool HasPorts(byte protocol) => protocol is (byte)IpProtocol.Tcp or (byte)IpProtocol.Udp;

    private static uint FoldWords(ReadOnlySpan<byte> addresses)
    {
        uint folded = 0;
        for (int at = 0; at < addresses.Length; at += sizeof(uint))
        {
            folded ^= BinaryPrimitives.ReadUInt32BigEndian(addresses[at..]);
        }

        return folded;
    }

    private static bool TryAddPorts(ReadOnlySpan<byte> packet, int at, ref uint folded)
    {
        if (packet.Length < at + 2 * sizeof(ushort))
            return false;

        folded ^= (uint)(BinaryPrimitives.ReadUInt16BigEndian(packet[at..])
            ^ BinaryPrimitives.ReadUInt16BigEndian(packet[(at + sizeof(ushort))..]));
        return true;
    }
}
