using System.Runtime.CompilerServices;
using UserTcp.Links;

namespace UserTcp.Tests.Links;

/// <summary>Frames to transmit, in memory that does not move for as long as the list lives.</summary>
internal sealed unsafe class FrameList
{
    private readonly List<byte[]> _memory = [];
    private readonly List<TxFrame> _frames = [];

    public int Count => _frames.Count;

    public TxFrame[] ToArray() => [.. _frames];

    public TxFrame this[int index] => _frames[index];

    public FrameList Add(
        byte[] header, byte[]? payload1 = null, byte[]? payload2 = null, FrameOffload offload = default)
    {
        byte* start = Pin([.. new byte[TxFrame.Headroom], .. header]) + TxFrame.Headroom;
        _frames.Add(new TxFrame(
            start, header.Length, Pin(payload1), payload1?.Length ?? 0, Pin(payload2), payload2?.Length ?? 0, offload));
        return this;
    }

    /// <summary>Overwrites all memory, as its owner may once a device has accepted the frames.</summary>
    public void Overwrite(byte value)
    {
        foreach (byte[] bytes in _memory)
            bytes.AsSpan().Fill(value);
    }

    public static byte[] Numbered(int number, int length)
    {
        var bytes = new byte[length];
        for (int i = 0; i < length; i++)
            bytes[i] = (byte)((number * 31) + i);
        return bytes;
    }

    private byte* Pin(byte[]? bytes)
    {
        if (bytes is null)
            return null;

        byte[] pinned = GC.AllocateArray<byte>(Math.Max(1, bytes.Length), pinned: true);
        bytes.CopyTo(pinned, 0);
        _memory.Add(pinned);
        return (byte*)Unsafe.AsPointer(ref pinned[0]);
    }
}
