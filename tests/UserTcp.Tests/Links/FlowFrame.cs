using System.Buffers.Binary;
using UserTcp.Links;
using UserTcp.Wire;

namespace UserTcp.Tests.Links;

/// <summary>Short TCP frames of numbered flows, each with its number in the flow.</summary>
internal static class FlowFrame
{
    private const int Ip = 14;
    private const int Ports = Ip + 20;

    public static byte[] Bytes(int flow, int number, MacAddress to = default, MacAddress from = default)
    {
        byte[] frame = new byte[Ports + 8];
        to.CopyTo(frame);
        from.CopyTo(frame.AsSpan(MacAddress.Size));
        frame[Ip - 2] = 8;
        frame[Ip] = 0x45;
        frame[Ip + 9] = 6;
        byte[] addresses = [10, 0, 0, 1, 10, 0, 0, 2];
        addresses.CopyTo(frame, Ip + 12);
        BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(Ports), (ushort)flow);
        BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(Ports + 2), 80);
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(Ports + 4), number);
        return frame;
    }

    public static TxFrame Create(int flow, int number, MacAddress to = default, MacAddress from = default) =>
        TxFrame.Create(Bytes(flow, number, to, from));

    public static (int Flow, int Number) Read(ReadOnlySpan<byte> frame) => (
        BinaryPrimitives.ReadUInt16BigEndian(frame[Ports..]), BinaryPrimitives.ReadInt32BigEndian(frame[(Ports + 4)..]));

    /// <summary>Whether a frame is one of these, and not one of the system's own.</summary>
    public static bool Is(ReadOnlySpan<byte> frame) =>
        frame.Length == Ports + 8 && frame[Ip - 2] == 8 && frame[Ip + 12] == 10 && frame[Ip + 16] == 10;

    public static int QueueOf(int flow, Steering steering) => steering.ShardOf(Bytes(flow, 0).AsSpan(Ip));

    /// <summary>A flow of each queue.</summary>
    public static int[] OnePerQueue(Steering steering) =>
        [.. Enumerable.Range(0, steering.Count).Select(
            queue => Enumerable.Range(1, 10_000).First(flow => QueueOf(flow, steering) == queue))];
}
