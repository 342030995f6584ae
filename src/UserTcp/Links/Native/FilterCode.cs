namespace UserTcp.Links.Native;

/// <summary>The operations of classic BPF that our programs need (<c>linux/bpf_common.h</c>).</summary>
internal static class FilterCode
{
    public const ushort LoadWord = 0x20;        // BPF_LD | BPF_W | BPF_ABS
    public const ushort LoadHalf = 0x28;
    public const ushort LoadByte = 0x30;
    public const ushort LoadHalfAtX = 0x48;     // BPF_LD | BPF_H | BPF_IND
    public const ushort SetX = 0x01;            // BPF_LDX | BPF_IMM
    public const ushort RecallX = 0x61;         // BPF_LDX | BPF_MEM
    public const ushort Store = 0x02;           // BPF_ST
    public const ushort Multiply = 0x24;        // BPF_ALU | BPF_MUL | BPF_K
    public const ushort And = 0x54;
    public const ushort ShiftLeft = 0x64;
    public const ushort ShiftRight = 0x74;
    public const ushort XorX = 0xac;            // BPF_ALU | BPF_XOR | BPF_X
    public const ushort Jump = 0x05;            // BPF_JMP | BPF_JA
    public const ushort JumpIfEqual = 0x15;     // BPF_JMP | BPF_JEQ | BPF_K
    public const ushort JumpIfNotBelow = 0x35;  // BPF_JMP | BPF_JGE | BPF_K
    public const ushort JumpIfAnyBit = 0x45;    // BPF_JMP | BPF_JSET | BPF_K
    public const ushort Return = 0x06;          // BPF_RET | BPF_K
    public const ushort ReturnA = 0x16;         // BPF_RET | BPF_A
    public const ushort CopyToX = 0x07;         // BPF_MISC | BPF_TAX
}
