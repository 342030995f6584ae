using UserTcp.Primitives;
using UserTcp.Wire;

namespace UserTcp.Testing.Network;

/// <summary>A frame between two stations; its memory belongs to the pool that it came from.</summary>
internal sealed class Frame : IOccurrence
{
    private readonly FramePool _pool;

    public Frame(FramePool pool, int size)
    {
        _pool = pool;
        Memory = new byte[size];
    }

    public byte[] Memory { get; }

    public int Length { get; set; }

    public Span<byte> Bytes => Memory.AsSpan(0, Length);

    /// <summary>The way that it is on, while it travels by itself and not in a way's queue.</summary>
    public LinkDirection? Way { get; set; }

    /// <summary>
    /// Whether a bit of it is wrong. A second one could make the checksum right again, as it would in a real network;
    /// but there nobody checks every byte.
    /// </summary>
    public bool IsCorrupted { get; set; }

    public MacAddress Destination => new(Memory.AsSpan(0, MacAddress.Size));

    public bool IsIpv4 => Length >= EthernetHeader.Size + Ipv4Header.Size
        && Memory[12] == (int)EtherType.Ipv4 >> 8 && Memory[13] == ((int)EtherType.Ipv4 & 0xff);

    public void Occur(Instant now) => Way!.Arrive(this);

    public Frame Copy()
    {
        Frame copy = _pool.Rent(Length);
        Bytes.CopyTo(copy.Memory);
        copy.IsCorrupted = IsCorrupted;
        return copy;
    }

    public void Return() => _pool.Return(this);
}

/// <summary>Frames of an Ethernet's size, used again and again; longer ones are made when they are needed.</summary>
internal sealed class FramePool
{
    private const int UsualBytes = 1600;
    private readonly Stack<Frame> _free = new();

    public Frame Rent(int length)
    {
        Frame frame = length > UsualBytes ? new Frame(this, length)
            : _free.TryPop(out Frame? free) ? free : new Frame(this, UsualBytes);
        frame.Length = length;
        return frame;
    }

    public void Return(Frame frame)
    {
        frame.Way = null;
        frame.IsCorrupted = false;
        if (frame.Memory.Length == UsualBytes)
            _free.Push(frame);
    }
}
