using System.Buffers.Binary;
using UserTcp.Wire;

namespace UserTcp.Testing.Network;

/// <summary>What a queue that manages itself does instead of dropping (RFC 3168 §5).</summary>
internal static class CongestionMark
{
    private const int EcnMask = 3;
    private const int NotCapable = 0;
    private const int Experienced = 3;

    /// <summary>Sets CE, if the packet's transport is capable of ECN and it is not set.</summary>
    public static bool TrySet(Frame frame)
    {
        if (!frame.IsIpv4)
            return false;

        Span<byte> header = frame.Bytes[EthernetHeader.Size..];
        if ((header[1] & EcnMask) is NotCapable or Experienced)
            return false;

        header[1] |= Experienced;
        int length = (header[0] & 15) * 4;
        if (length < Ipv4Header.Size || length > header.Length)
            return true; // damaged before: the receiver will see that

        header[10..12].Clear();
        ushort sum = InternetChecksum.Complete(InternetChecksum.Sum(header[..length]));
        BinaryPrimitives.WriteUInt16BigEndian(header[10..], sum);
        return true;
    }
}
