using System.Runtime.CompilerServices;
using UserTcp.Buffers;

namespace UserTcp.Tcp.Receive;

/// <summary>
/// What arrived a second time and is still to be told, each run in an ACK of its own and only once (RFC 2883 §4). A
/// batch may owe several; beyond the bound they are forgotten, which costs the peer nothing but knowledge.
/// </summary>
internal struct DuplicateReports
{
    private const int Most = 16;
    private Runs _runs;
    private int _head;

    public int Count { get; private set; }

    public void Add(BufferRange run)
    {
        if (Count < Most)
            _runs[(_head + Count++) % Most] = run;
    }

    public bool TryTake(out BufferRange run)
    {
        run = default;
        if (Count == 0)
            return false;

        run = _runs[_head];
        _head = (_head + 1) % Most;
        Count--;
        return true;
    }

    [InlineArray(Most)]
    private struct Runs
    {
        private BufferRange _first;
    }
}
