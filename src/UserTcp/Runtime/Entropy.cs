using System.Buffers.Binary;
using System.Security.Cryptography;
using UserTcp.Primitives;

namespace UserTcp.Runtime;

/// <summary>Where secrets come from: the system's random numbers, or a seed that makes a simulation repeat.</summary>
internal static class Entropy
{
    /// <summary>The key of everything that must not be guessed: sequence numbers, ports, table hashes.</summary>
    public static SipHash Secret(int? seed)
    {
        if (seed is int number)
        {
            ulong text = (uint)number;
            return new SipHash(SipHash.Unkeyed.Hash(text, 1), SipHash.Unkeyed.Hash(text, 2));
        }

        Span<byte> bytes = stackalloc byte[16];
        RandomNumberGenerator.Fill(bytes);
        return new SipHash(
            BinaryPrimitives.ReadUInt64LittleEndian(bytes), BinaryPrimitives.ReadUInt64LittleEndian(bytes[8..]));
    }
}
