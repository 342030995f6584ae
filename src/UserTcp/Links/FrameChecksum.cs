using System.Buffers.Binary;
using UserTcp.Wire;

namespace UserTcp.Links;

/// <summary>Finishes what <see cref="FrameOffloadFlags.NeedsChecksum"/> leaves to the device.</summary>
internal static class FrameChecksum
{
    private const int UdpChecksumOffset = 6;

    /// <summary>
    /// Sums from <see cref="FrameOffload.ChecksumStart"/> to the end, the partial sum in the field included, and
    /// writes the complement into the field. False, and nothing happens, if the field does not lie in the header.
    /// </summary>
    public static bool TryFinish(
        Span<byte> header, ReadOnlySpan<byte> payload1, ReadOnlySpan<byte> payload2, FrameOffload offload)
    {
        int field = offload.ChecksumStart + offload.ChecksumOffset;
        if (field + sizeof(ushort) > header.Length)
            return false;

        int length = header.Length - offload.ChecksumStart;
        ulong sum = InternetChecksum.Sum(header[offload.ChecksumStart..]);
        sum = Append(sum, length, payload1);
        sum = Append(sum, length + payload1.Length, payload2);
        ushort checksum = InternetChecksum.Complete(sum);
        if (checksum == 0 && offload.ChecksumOffset == UdpChecksumOffset)
            checksum = ushort.MaxValue; // RFC 768: zero would say that there is no checksum

        BinaryPrimitives.WriteUInt16BigEndian(header[field..], checksum);
        return true;
    }

    private static ulong Append(ulong sum, int offset, ReadOnlySpan<byte> bytes) => (offset & 1) == 0
        ? InternetChecksum.Sum(bytes, sum)
        : InternetChecksum.SumAtOddOffset(bytes, sum);
}
