using System.Numerics;
using System.Runtime.Intrinsics;
using System.Runtime.InteropServices;
using SharpFuzz.Common;

namespace UserTcp.Fuzz;

/// <summary>
/// The branches of an instrumented UserTcp.dll: which were taken, and about how often. Counts are told apart by
/// powers of two.
/// </summary>
internal sealed unsafe class BranchMap
{
    private const int Bytes = 1 << 16;

    private static readonly byte[] s_classes = MakeClasses();

    private readonly byte* _map = (byte*)NativeMemory.AlignedAlloc(Bytes, 64);
    private readonly byte[] _seen = new byte[Bytes];

    public BranchMap() => Trace.SharedMem = _map;

    /// <summary>Branches that were taken by any execution.</summary>
    public int Branches { get; private set; }

    public void Clear()
    {
        new Span<byte>(_map, Bytes).Clear();
        Trace.PrevLocation = 0;
    }

    /// <summary>
    /// Whether the execution since <see cref="Clear"/> took a branch, or took it so often, as none before.
    /// </summary>
    public bool TryLearn()
    {
        // Most of the map is empty: it is passed by blocks.
        bool isNew = false;
        for (int block = 0; block < Bytes; block += Vector512<byte>.Count)
        {
            if (Vector512.Load(_map + block) == Vector512<byte>.Zero)
                continue;

            for (int word = block; word < block + Vector512<byte>.Count; word += sizeof(ulong))
            {
                if (*(ulong*)(_map + word) != 0)
                    isNew |= LearnWord(word);
            }
        }

        return isNew;
    }

    private bool LearnWord(int start)
    {
        bool isNew = false;
        for (int i = start; i < start + sizeof(ulong); i++)
        {
            byte taken = s_classes[_map[i]];
            if ((taken & ~_seen[i]) == 0)
                continue;

            Branches += _seen[i] == 0 ? 1 : 0;
            _seen[i] |= taken;
            isNew = true;
        }

        return isNew;
    }

    // A bit for 1, 2, 3, 4 to 7, 8 to 15, 16 to 31, 32 to 127, and more.
    private static byte[] MakeClasses()
    {
        byte[] classes = new byte[256];
        for (int i = 1; i < classes.Length; i++)
        {
            int power = BitOperations.Log2((uint)i);
            classes[i] = (byte)(1 << (i < 4 ? i - 1 : power < 5 ? power + 1 : power < 7 ? 6 : 7));
        }

        return classes;
    }
}
