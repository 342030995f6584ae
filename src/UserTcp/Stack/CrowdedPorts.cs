using System.Numerics;
using UserTcp.Primitives;

namespace UserTcp.Stack;

/// <summary>
/// Remembers the ports towards one destination that are not free, and those that are not even reusable, a bit for each.
/// A port whose bit is clear is looked up when it matters, once for each time that a flow left a table.
/// </summary>
internal sealed class CrowdedPorts(FlowKey destination, int count)
{
    private const int WordBits = 64;

    private readonly ulong[] _notFree = new ulong[(count + WordBits - 1) / WordBits];
    private readonly ulong[] _taken = new ulong[(count + WordBits - 1) / WordBits];

    /// <summary>How many ports are known not to be free.</summary>
    public int Known { get; private set; }

    /// <summary>Whether the flow, whatever its own port, leads to this destination.</summary>
    public bool IsOf(in FlowKey flow) =>
        flow.RemotePort == destination.RemotePort && flow.Remote == destination.Remote
        && flow.Local == destination.Local;

    /// <summary>Forgets a port whose state may have changed.</summary>
    public void Forget(int index)
    {
        if ((uint)index >= (uint)count)
            return;

        ulong bit = 1UL << (index % WordBits);
        Known -= (_notFree[index / WordBits] & bit) != 0 ? 1 : 0;
        _notFree[index / WordBits] &= ~bit;
        _taken[index / WordBits] &= ~bit;
    }

    /// <summary>The first free port from an index on, in a circle; else the first that is reusable; −1: none.</summary>
    public int Find<TUse>(int from, ushort first, bool mayReuse, in TUse use)
        where TUse : struct, IPortUse
    {
        for (int at = NextUnknown(_notFree, from); at >= 0; at = NextUnknown(_notFree, at))
        {
            PortState state = use.Of((ushort)(first + at));
            if (state == PortState.Free)
                return at;
            Note(at, state);
        }

        for (int at = mayReuse ? NextUnknown(_taken, from) : -1; at >= 0; at = NextUnknown(_taken, at))
        {
            PortState state = use.Of((ushort)(first + at));
            if (state == PortState.Reusable || state == PortState.Free)
                return at;
            Note(at, state);
        }

        return -1;
    }

    private void Note(int index, PortState state)
    {
        ulong bit = 1UL << (index % WordBits);
        Known += (_notFree[index / WordBits] & bit) == 0 ? 1 : 0;
        _notFree[index / WordBits] |= bit;
        if (state != PortState.Reusable)
            _taken[index / WordBits] |= bit;
    }

    // The first index from one on, in a circle, whose bit is not set; −1 if all are.
    private int NextUnknown(ulong[] bits, int from)
    {
        int words = bits.Length;
        for (int i = 0; i <= words; i++)
        {
            int word = (from / WordBits + i) % words;
            ulong clear = ~bits[word];
            if (i == 0)
                clear &= ulong.MaxValue << (from % WordBits);
            if (word == words - 1 && count % WordBits != 0)
                clear &= (1UL << (count % WordBits)) - 1;
            if (clear != 0)
                return word * WordBits + BitOperations.TrailingZeroCount(clear);
        }

        return -1;
    }
}
