using System.Buffers.Binary;
using UserTcp.Links.Native;

namespace UserTcp.Tests.Links;

/// <summary>
/// Runs classic BPF as the kernel does (McCanne and Jacobson 1993; <c>linux/filter.h</c>), over all that follows the
/// link header. Knows the operations of our programs by their numbers, not by our names for them.
/// </summary>
internal static class FilterMachine
{
    private const int MemoryWords = 16;

    /// <summary>The result; 0 if a load lies beyond the packet.</summary>
    public static uint Run(IReadOnlyList<FilterInstruction> program, ReadOnlySpan<byte> packet)
    {
        uint a = 0, x = 0;
        uint[] memory = new uint[MemoryWords];
        for (int at = 0; ; at++)
        {
            FilterInstruction one = program[at];
            uint k = one.Value;
            switch (one.Code)
            {
                case 0x20 or 0x28 or 0x30 or 0x48:
                    int size = one.Code == 0x20 ? 4 : one.Code == 0x30 ? 1 : 2;
                    uint offset = unchecked(k + (one.Code == 0x48 ? x : 0));
                    if (offset + (ulong)size > (ulong)packet.Length)
                        return 0;
                    a = Load(packet.Slice((int)offset, size));
                    break;
                case 0x01: x = k; break;
                case 0x61: x = memory[k]; break;
                case 0x02: memory[k] = a; break;
                case 0x07: x = a; break;
                case 0x24: a = unchecked(a * k); break;
                case 0x54: a &= k; break;
                case 0x64: a <<= (int)k; break;
                case 0x74: a >>= (int)k; break;
                case 0xac: a ^= x; break;
                case 0x05: at += (int)k; break;
                case 0x15: at += a == k ? one.IfTrue : one.IfFalse; break;
                case 0x35: at += a >= k ? one.IfTrue : one.IfFalse; break;
                case 0x45: at += (a & k) != 0 ? one.IfTrue : one.IfFalse; break;
                case 0x06: return k;
                case 0x16: return a;
                default: throw new InvalidOperationException($"No operation 0x{one.Code:x2} is known at {at}.");
            }
        }
    }

    private static uint Load(ReadOnlySpan<byte> bytes) => bytes.Length switch
    {
        1 => bytes[0],
        2 => BinaryPrimitives.ReadUInt16BigEndian(bytes),
        _ => BinaryPrimitives.ReadUInt32BigEndian(bytes),
    };
}
