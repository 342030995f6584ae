using System.Buffers.Binary;
using UserTcp.Primitives;
using UserTcp.Tests.Ip;
using UserTcp.Tests.Wire;
using UserTcp.Wire;

namespace UserTcp.Tests.Links;

/// <summary>
/// A flow of either family out of a number that FsCheck draws, a formula for it, and one of its packets.
/// </summary>
internal sealed class SteeredFlow
{
    private readonly ulong _seed;

    public SteeredFlow(ulong seed)
    {
        var random = new Random((int)(seed ^ (seed >> 32)));
        _seed = seed;
        Steering = new Steering(1 + (int)(seed % Steering.MaxShards), (uint)(seed >> 17));
        Key = new FlowKey(Address(random), Port(random), Address(random), Port(random));
    }

    public Steering Steering { get; }

    public FlowKey Key { get; }

    public FlowKey Reverse => new(Key.Remote, Key.RemotePort, Key.Local, Key.LocalPort);

    /// <summary>Where the ports of <see cref="Packet"/> begin.</summary>
    public int PortsAt => Key.Family.IsV4 ? 20 + OptionBytes : IsJumbo ? 48 : 40;

    private bool IsV4 => (_seed & 1) == 0;

    private bool IsJumbo => (_seed & 2) != 0;

    private int OptionBytes => (int)((_seed >> 8) % 11) * 4;

    public static SteeredFlow Draw(Random random) => new((ulong)random.NextInt64());

    /// <summary>A packet of the flow as it arrives, from its IP header on: TCP or UDP, maybe behind options.</summary>
    public byte[] Packet()
    {
        byte protocol = (_seed & 4) != 0 ? Ipv6Bytes.TcpNext : Ipv6Bytes.UdpNext;
        byte[] transport = new byte[20];
        BinaryPrimitives.WriteUInt16BigEndian(transport, Key.RemotePort);
        BinaryPrimitives.WriteUInt16BigEndian(transport.AsSpan(2), Key.LocalPort);
        if (Key.Family.IsV4)
            return Packets.Ipv4(Key.Remote, Key.Local, transport, protocol, options: new byte[OptionBytes]);

        return IsJumbo
            ? Ipv6Bytes.Packet(
                Key.Remote, Key.Local, Ipv6Bytes.HopByHop, Ipv6Bytes.Jumbo(protocol, 70_000), transport)
            : Ipv6Bytes.Packet(Key.Remote, Key.Local, protocol, transport);
    }

    private HostAddress Address(Random random) => IsV4
        ? HostAddress.FromV4((uint)random.NextInt64(1L << 24, 0xe000_0000L))
        : new HostAddress(0x2001_0db8_0000_0000UL | (uint)random.Next(), (ulong)random.NextInt64());

    private static ushort Port(Random random) => (ushort)random.Next(1, 65_536);
}
