using UserTcp.Links.Native;
using UserTcp.Wire;
using static UserTcp.Links.Native.FilterCode;

namespace UserTcp.Links;

/// <summary>
/// <see cref="Steering"/> as a program for the kernel, which gives each frame to one of the sockets of a group
/// (PACKET_FANOUT_CBPF). Where the frame ends too early the kernel ends the program with 0, and that is the shard that
/// parses such frames.
/// </summary>
/// <remarks>
/// A received frame begins for the program with its network header. Offsets relative to that header (SKF_NET_OFF) mean
/// the same bytes, but before Linux 6.16 they do not reach bytes that a driver has left in pages.
/// </remarks>
internal static class SteeringFilter
{
    // Scratch memory.
    private const uint Addresses = 0;
    private const uint Port = 1;

    /// <summary>The program for the formula of a stack.</summary>
    public static FilterInstruction[] Compile(in Steering steering)
    {
        FilterInstruction[] ports = PortsAndShard(steering);
        FilterInstruction[] v6 = [.. FoldV6(), .. FindPortsV6()];
        FilterInstruction[] v4 = [.. FoldV4(), new(Jump, 0, 0, (uint)v6.Length)];
        FilterInstruction[] program =
        [
            new(LoadByte, 0, 0, 0),
            new(ShiftRight, 0, 0, 4),
            new(JumpIfEqual, 1, 0, 4),
            new(JumpIfEqual, (byte)v4.Length, Elsewhere, 6),
            .. v4, .. v6, .. ports,
            new(Return, 0, 0, 0),
        ];
        return Resolve(program);
    }

    // Stands for the last instruction until the length of the program is known.
    private const byte Elsewhere = byte.MaxValue;

    /// <summary>Leaves the addresses, folded, in memory, and the offset of the ports in X.</summary>
    private static FilterInstruction[] FoldV4() =>
    [
        new(LoadByte, 0, 0, 9),
        new(JumpIfEqual, 1, 0, (uint)IpProtocol.Tcp),
        new(JumpIfEqual, 0, Elsewhere, (uint)IpProtocol.Udp),
        new(LoadHalf, 0, 0, 6),
        new(JumpIfAnyBit, Elsewhere, 0, Steering.FragmentBits),
        new(LoadByte, 0, 0, 16),
        new(JumpIfNotBelow, Elsewhere, 0, Steering.FirstGroupV4),
        new(LoadWord, 0, 0, 12),
        .. XorWord(16),
        new(Store, 0, 0, Addresses),
        new(LoadByte, 0, 0, 0),
        new(And, 0, 0, 15),
        new(ShiftLeft, 0, 0, 2),
        new(JumpIfNotBelow, 0, Elsewhere, Ipv4Header.Size),
        new(CopyToX, 0, 0, 0),
    ];

    private static FilterInstruction[] FoldV6() =>
    [
        new(LoadByte, 0, 0, 24),
        new(JumpIfEqual, Elsewhere, 0, Steering.GroupV6),
        new(LoadWord, 0, 0, 8),
        .. XorWord(12), .. XorWord(16), .. XorWord(20), .. XorWord(24), .. XorWord(28), .. XorWord(32), .. XorWord(36),
        new(Store, 0, 0, Addresses),
    ];

    private static FilterInstruction[] FindPortsV6() =>
    [
        new(SetX, 0, 0, Ipv6Header.Size),
        new(LoadByte, 0, 0, 6),
        new(JumpIfEqual, 0, 4, (uint)IpProtocol.HopByHop),
        new(LoadByte, 0, 0, Ipv6Header.Size + 1),
        new(JumpIfEqual, 0, Elsewhere, 0),
        new(SetX, 0, 0, Ipv6Header.Size + Ipv6Extensions.Unit),
        new(LoadByte, 0, 0, Ipv6Header.Size),
        new(JumpIfEqual, 1, 0, (uint)IpProtocol.Tcp),
        new(JumpIfEqual, 0, Elsewhere, (uint)IpProtocol.Udp),
    ];

    private static FilterInstruction[] PortsAndShard(in Steering steering) =>
    [
        new(LoadHalfAtX, 0, 0, 0),
        new(Store, 0, 0, Port),
        new(LoadHalfAtX, 0, 0, sizeof(ushort)),
        new(RecallX, 0, 0, Port),
        new(XorX, 0, 0, 0),
        new(RecallX, 0, 0, Addresses),
        new(XorX, 0, 0, 0),
        new(Multiply, 0, 0, steering.Key),
        new(CopyToX, 0, 0, 0),
        new(ShiftRight, 0, 0, 16),
        new(XorX, 0, 0, 0),
        new(Multiply, 0, 0, Steering.Spread),
        new(ShiftRight, 0, 0, 16),
        new(Multiply, 0, 0, (uint)steering.Count),
        new(ShiftRight, 0, 0, 16),
        new(ReturnA, 0, 0, 0),
    ];

    private static FilterInstruction[] XorWord(uint offset) =>
    [
        new(CopyToX, 0, 0, 0), new(LoadWord, 0, 0, offset), new(XorX, 0, 0, 0),
    ];

    // Jumps count from the next instruction.
    private static FilterInstruction[] Resolve(FilterInstruction[] program)
    {
        for (int i = 0; i < program.Length - 1; i++)
        {
            var toEnd = (byte)(program.Length - 2 - i);
            FilterInstruction one = program[i];
            program[i] = one with
            {
                IfTrue = one.IfTrue == Elsewhere ? toEnd : one.IfTrue,
                IfFalse = one.IfFalse == Elsewhere ? toEnd : one.IfFalse,
            };
        }

        return program;
    }
}
