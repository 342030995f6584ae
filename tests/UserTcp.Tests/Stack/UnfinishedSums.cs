using System.Buffers.Binary;
using UserTcp.Primitives;
using UserTcp.Tests.Wire;

namespace UserTcp.Tests.Stack;

/// <summary>IPv4 packets of TCP whose checksum is unfinished, or looks so.</summary>
internal static class UnfinishedSums
{
    private const int Ip = 20;
    private const int Window = Ip + 14;
    private const int Field = Ip + 16;

    /// <summary>Leaves the checksum to hardware, as a kernel does on veth.</summary>
    public static byte[] Unfinish(byte[] packet)
    {
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(Field), Pseudo(packet));
        return packet;
    }

    /// <summary>Finishes the checksum.</summary>
    public static byte[] Finish(byte[] packet)
    {
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(Field), 0);
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(Field), (ushort)~Naive(packet));
        return packet;
    }

    /// <summary>Picks the window with which the true checksum is the very number of an unfinished one.</summary>
    public static byte[] MakeAmbiguous(byte[] packet)
    {
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(Window), 0);
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(Field), Pseudo(packet));
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(Window), (ushort)~Naive(packet));
        return packet;
    }

    private static ushort Naive(byte[] packet) => InternetChecksumTests.Naive(
        [.. PseudoHeader(packet), .. packet[Ip..]]);

    private static ushort Pseudo(byte[] packet) => InternetChecksumTests.Naive(PseudoHeader(packet));

    private static byte[] PseudoHeader(byte[] packet)
    {
        int length = packet.Length - Ip;
        return [.. packet[12..20], 0, packet[9], (byte)(length >> 24), (byte)(length >> 16),
            (byte)(length >> 8), (byte)length];
    }
}
