using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using UserTcp.Primitives;

namespace UserTcp.Wire;

/// <summary>
/// The one's complement sum of IPv4, ICMP and TCP (RFC 1071). Partial sums are 64 bits wide and in the machine's own
/// byte order: nothing carries, nothing is swapped, until <see cref="Fold"/> (RFC 1071 §2 (B): the sum does not mind
/// byte order).
/// </summary>
internal static class InternetChecksum
{
    /// <summary>The sum of these bytes, which begin at an even offset of what is summed.</summary>
    public static ulong Sum(ReadOnlySpan<byte> bytes, ulong partial = 0)
    {
        if (Vector256.IsHardwareAccelerated && bytes.Length >= 2 * Vector256<byte>.Count)
            partial += SumVector256(ref bytes);
        else if (Vector128.IsHardwareAccelerated && bytes.Length >= 2 * Vector128<byte>.Count)
            partial += SumVector128(ref bytes);

        return SumScalar(bytes, partial);
    }

    /// <summary>
    /// The sum of bytes that follow an odd number of others: each falls into the other half of its word.
    /// </summary>
    public static ulong SumAtOddOffset(ReadOnlySpan<byte> bytes, ulong partial) =>
        partial + BinaryPrimitives.ReverseEndianness(FoldNative(Sum(bytes)));

    /// <summary>The sum of the header that TCP imagines before its own (RFC 9293 §3.1), of either family.</summary>
    public static ulong PseudoHeader(HostAddress source, HostAddress destination, IpProtocol protocol, int length)
    {
        ulong sum = SumAddress(source) + SumAddress(destination);
        return sum + Native((ushort)protocol) + Native((ushort)(length >> 16)) + Native((ushort)length);
    }

    /// <summary>The 16-bit sum, not complemented, as the number that a big-endian field would hold.</summary>
    public static ushort Fold(ulong sum) => Native(FoldNative(sum));

    /// <summary>The value of the checksum field: the complement of the sum.</summary>
    public static ushort Complete(ulong sum) => (ushort)~Fold(sum);

    /// <summary>Whether a sum that includes the checksum field is right.</summary>
    public static bool IsValid(ulong sum) => FoldNative(sum) == ushort.MaxValue;

    /// <summary>
    /// Whether a TCP segment's (or other transport packet's) checksum is right (RFC 9293 §3.1, MUST-3).
    /// </summary>
    public static bool IsTransportValid(
        HostAddress source, HostAddress destination, IpProtocol protocol, ReadOnlySpan<byte> packet) =>
        IsValid(Sum(packet, PseudoHeader(source, destination, protocol, packet.Length)));

    /// <summary>
    /// Whether a checksum field holds the sum of the pseudo-header and nothing more: a packet of a sender on the same
    /// machine, whose checksum nobody has finished.
    /// </summary>
    public static bool IsUnfinished(
        ushort field, HostAddress source, HostAddress destination, IpProtocol protocol, int length) =>
        field == Fold(PseudoHeader(source, destination, protocol, length));

    private static ulong SumVector256(ref ReadOnlySpan<byte> bytes)
    {
        ReadOnlySpan<Vector256<ulong>> vectors = MemoryMarshal.Cast<byte, Vector256<ulong>>(bytes);
        Vector256<ulong> low = Vector256.Create((ulong)uint.MaxValue);
        Vector256<ulong> even = Vector256<ulong>.Zero;
        Vector256<ulong> odd = Vector256<ulong>.Zero;
        foreach (Vector256<ulong> v in vectors)
        {
            even += v & low;
            odd += v >>> 32;
        }

        bytes = bytes[(vectors.Length * Vector256<byte>.Count)..];
        return Vector256.Sum(even + odd);
    }

    private static ulong SumVector128(ref ReadOnlySpan<byte> bytes)
    {
        ReadOnlySpan<Vector128<ulong>> vectors = MemoryMarshal.Cast<byte, Vector128<ulong>>(bytes);
        Vector128<ulong> low = Vector128.Create((ulong)uint.MaxValue);
        Vector128<ulong> even = Vector128<ulong>.Zero;
        Vector128<ulong> odd = Vector128<ulong>.Zero;
        foreach (Vector128<ulong> v in vectors)
        {
            even += v & low;
            odd += v >>> 32;
        }

        bytes = bytes[(vectors.Length * Vector128<byte>.Count)..];
        return Vector128.Sum(even + odd);
    }

    internal static ulong SumScalar(ReadOnlySpan<byte> bytes, ulong sum)
    {
        while (bytes.Length >= sizeof(uint))
        {
            sum += MemoryMarshal.Read<uint>(bytes);
            bytes = bytes[sizeof(uint)..];
        }

        if (bytes.Length >= sizeof(ushort))
        {
            sum += MemoryMarshal.Read<ushort>(bytes);
            bytes = bytes[sizeof(ushort)..];
        }

        // RFC 1071 §1: an odd octet at the end is the first half of a word whose other half is zero.
        return bytes.IsEmpty ? sum : sum + Native((ushort)(bytes[0] << 8));
    }

    private static ulong SumAddress(HostAddress address)
    {
        if (address.IsV4)
            return Native((ushort)(address.V4 >> 16)) + (ulong)Native((ushort)address.V4);

        ulong high = BitConverter.IsLittleEndian ? BinaryPrimitives.ReverseEndianness(address.High) : address.High;
        ulong low = BitConverter.IsLittleEndian ? BinaryPrimitives.ReverseEndianness(address.Low) : address.Low;
        return (high >> 32) + (uint)high + (low >> 32) + (uint)low;
    }

    private static ushort FoldNative(ulong sum)
    {
        sum = (sum >> 32) + (uint)sum;
        sum = (sum >> 32) + (uint)sum;
        sum = (sum >> 16) + (ushort)sum;
        sum = (sum >> 16) + (ushort)sum;
        sum = (sum >> 16) + (ushort)sum;
        return (ushort)sum;
    }

    private static ushort Native(ushort bigEndian) =>
        BitConverter.IsLittleEndian ? BinaryPrimitives.ReverseEndianness(bigEndian) : bigEndian;
}
