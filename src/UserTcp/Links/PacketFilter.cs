using System.Buffers.Binary;
using UserTcp.Links.Native;
using static UserTcp.Links.Native.FilterCode;

namespace UserTcp.Links;

/// <summary>
/// What a packet socket lets through, as a program for the kernel: nothing that this machine sends, nothing of another
/// VLAN, and, once the stack's address is known, only frames to it, to everybody and to groups, and none from it.
/// </summary>
/// <remarks>
/// A VLAN's tag is not in the frame when the program sees it, and would not be when it is received: without the check
/// the VLANs on a trunk would look as if they were one network.
/// </remarks>
internal static class PacketFilter
{
    private const uint PacketType = unchecked((uint)-0x1000 + 4); // SKF_AD_OFF + SKF_AD_PKTTYPE
    private const uint VlanTag = unchecked((uint)-0x1000 + 44);   // SKF_AD_OFF + SKF_AD_VLAN_TAG
    private const uint Outgoing = 4;                              // PACKET_OUTGOING
    private const uint VlanIdentifier = 0xfff;                    // of 0: a priority, and no VLAN
    private const uint GroupBit = 1;                              // the broadcast address has it, too
    private const uint WholeFrame = 0x40000;                      // less would cut the frame, in silence

    /// <summary>The program that ends with 0 at once: it lets nothing pass, or gives all to the first socket.</summary>
    public static FilterInstruction[] Zero => [new(Return, 0, 0, 0)];

    // Jumps count from the next instruction.
    private static readonly FilterInstruction[] s_strangers =
    [
        new(LoadWord, 0, 0, PacketType),
        new(JumpIfEqual, 0, 1, Outgoing),
        new(Return, 0, 0, 0),
        new(LoadWord, 0, 0, VlanTag),
        new(And, 0, 0, VlanIdentifier),
        new(JumpIfEqual, 1, 0, 0),
        new(Return, 0, 0, 0),
    ];

    /// <summary>The program.</summary>
    /// <param name="address">The stack's address; null if it is not known.</param>
    public static FilterInstruction[] Compile(MacAddress? address) => address is MacAddress known
        ? [.. s_strangers, .. ForAddress(known)]
        : [.. s_strangers, new(Return, 0, 0, WholeFrame)];

    private static FilterInstruction[] ForAddress(MacAddress address)
    {
        Span<byte> bytes = stackalloc byte[MacAddress.Size];
        address.CopyTo(bytes);
        uint high = BinaryPrimitives.ReadUInt16BigEndian(bytes);
        uint low = BinaryPrimitives.ReadUInt32BigEndian(bytes[2..]);
        return
        [
            new(LoadWord, 0, 0, 8), // the source
            new(JumpIfEqual, 0, 3, low),
            new(LoadHalf, 0, 0, 6),
            new(JumpIfEqual, 0, 1, high),
            new(Return, 0, 0, 0),
            new(LoadByte, 0, 0, 0), // the destination
            new(JumpIfAnyBit, 4, 0, GroupBit),
            new(LoadWord, 0, 0, 2),
            new(JumpIfEqual, 0, 3, low),
            new(LoadHalf, 0, 0, 0),
            new(JumpIfEqual, 0, 1, high),
            new(Return, 0, 0, WholeFrame),
            new(Return, 0, 0, 0),
        ];
    }
}
