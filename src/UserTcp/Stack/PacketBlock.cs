using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;

namespace UserTcp.Stack;

/// <summary>Native memory for one IP packet that has no other home, such as an ICMP message.</summary>
internal sealed unsafe class PacketBlock(PacketBlocks home)
{
    internal byte* Pointer;
    internal int Size;

    /// <summary>The packet's length in bytes.</summary>
    public int Length { get; set; }

    public Span<byte> Room => new(Pointer, Size);

    public ReadOnlySpan<byte> Packet => new(Pointer, Length);

    /// <summary>Gives the block back to those that it was rented from.</summary>
    public void Return() => home.Return(this);
}

/// <summary>A fixed number of blocks, allocated when they are first needed.</summary>
internal sealed unsafe class PacketBlocks(int count) : IDisposable
{
    private readonly List<PacketBlock> _free = [];
    private readonly List<PacketBlock> _all = [];

    ~PacketBlocks() => Free();

    /// <summary>Null if all are in use.</summary>
    public PacketBlock? TryRent(int size)
    {
        if (!TryTakeFree(out PacketBlock? block))
        {
            if (_all.Count == count)
                return null;
            _all.Add(block = new PacketBlock(this));
        }

        if (block.Size < size)
        {
            block.Pointer = (byte*)NativeMemory.Realloc(block.Pointer, (nuint)size);
            block.Size = size;
        }

        return block;
    }

    /// <summary>
    /// A block that is returned twice would be rented by two, and one would free what the other sends.
    /// </summary>
    internal void Return(PacketBlock block)
    {
        Debug.Assert(!_free.Contains(block), "A block has one owner.");
        _free.Add(block);
    }

    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    private bool TryTakeFree([NotNullWhen(true)] out PacketBlock? block)
    {
        block = _free.Count > 0 ? _free[^1] : null;
        if (block is not null)
            _free.RemoveAt(_free.Count - 1);
        return block is not null;
    }

    private void Free()
    {
        foreach (PacketBlock block in _all)
        {
            NativeMemory.Free(block.Pointer);
            block.Pointer = null;
            block.Size = 0;
        }

        _all.Clear();
        _free.Clear();
    }
}
