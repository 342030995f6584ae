using System.Runtime.InteropServices;
using UserTcp.Links;
using UserTcp.Primitives;
using UserTcp.Wire;

namespace UserTcp.Stack;

/// <summary>
/// Header blocks in native memory, one for each frame of a pull, each with the headroom that devices need.
/// </summary>
internal sealed unsafe class FrameSlots : IDisposable
{
    public const int Count = 64;

    /// <summary>
    /// Room for the headers of a segment of either family: link, IP without options, and the longest TCP header.
    /// </summary>
    public const int HeaderBytes = EthernetHeader.Size + IpFamily.HeaderBytesV6 + TcpSegment.MaxHeaderSize;

    private const int BlockBytes = 128;
    private byte* _blocks = (byte*)NativeMemory.AlignedAlloc(Count * BlockBytes, 64);

    ~FrameSlots() => Free();

    /// <summary>Where the headers of a frame begin.</summary>
    public byte* Header(int slot)
    {
        ObjectDisposedException.ThrowIf(_blocks == null, this);
        return _blocks + slot * BlockBytes + TxFrame.Headroom;
    }

    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    private void Free()
    {
        NativeMemory.AlignedFree(_blocks);
        _blocks = null;
    }
}
