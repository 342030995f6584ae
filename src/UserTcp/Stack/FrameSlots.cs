using System.Runtime.InteropServices;
using UserTcp.Links;

namespace UserTcp.Stack;

/// <summary>
/// Header blocks in native memory, one for each frame of a pull, each with the headroom that devices need.
/// </summary>
internal sealed unsafe class FrameSlots : IDisposable
{
    public const int Count = 64;

    /// <summary>
    /// Link header, IPv4 header without options, the longest TCP header: 94 bytes; an ARP frame has 42.
    /// </summary>
    public const int HeaderBytes = 112;

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
