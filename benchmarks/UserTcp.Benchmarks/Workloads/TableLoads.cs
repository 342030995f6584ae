using UserTcp.Primitives;
using UserTcp.Stack;

namespace UserTcp.Benchmarks.Workloads;

/// <summary>An entry of tables that has nothing behind it.</summary>
internal sealed class BareEntry(FlowKey flow, ulong hash) : FlowEntry(flow, hash)
{
    private static readonly SipHash s_key = new(0x0123_4567_89AB_CDEF, 0xFEDC_BA98_7654_3210);

    /// <summary>Flows of one server's port, each with a client's address and port of its own.</summary>
    public static FlowKey FlowOf(int number) => new(
        HostAddress.FromV4(0x0A00_0001), 443,
        HostAddress.FromV4(0x0A01_0000 + (uint)(number >> 12)), (ushort)(1024 + (number & 0xFFF)));

    /// <summary>The hash by which a segment of the flow is looked up.</summary>
    public static ulong HashOf(in FlowKey flow) => s_key.Hash(flow);

    public static BareEntry Create(int number)
    {
        FlowKey flow = FlowOf(number);
        return new BareEntry(flow, HashOf(flow));
    }
}

/// <summary>A full flow table, asked for its flows in an order that caches cannot foresee.</summary>
internal sealed class FlowTableLoad
{
    private const uint Step = 2_654_435_761; // odd and of no use to a prefetcher
    private readonly FlowTable<BareEntry> _table = new();
    private readonly int _entries;
    private uint _next;

    public FlowTableLoad(int entries)
    {
        _entries = entries;
        for (int i = 0; i < entries; i++)
        {
            _table.Add(BareEntry.Create(i));
        }
    }

    /// <summary>Hash and lookup, as for a segment that arrives.</summary>
    public object? Find()
    {
        _next += Step;
        FlowKey flow = BareEntry.FlowOf((int)((ulong)_next * (uint)_entries >> 32));
        return _table.Find(flow, BareEntry.HashOf(flow))
            ?? throw new InvalidOperationException("A flow is not where it was put.");
    }
}

/// <summary>The timers of many connections.</summary>
internal sealed class WheelLoad
{
    /// <summary>Connections that have a timer running.</summary>
    public const int Entries = 10_000;

    private static readonly TimeSpan s_timeout = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan s_delay = TimeSpan.FromMilliseconds(40);
    private static readonly TimeSpan s_millisecond = TimeSpan.FromMilliseconds(1);
    private readonly DeadlineWheel _wheel = new(CorePair.Start);
    private readonly BareEntry[] _entries = [.. Enumerable.Range(0, Entries).Select(BareEntry.Create)];
    private Instant _now = CorePair.Start;
    private int _next;

    public WheelLoad()
    {
        foreach (BareEntry entry in _entries)
        {
            _wheel.Arm(entry, _now + s_timeout);
        }
    }

    /// <summary>A retransmission timer is put off, as by every ACK.</summary>
    public void PutOff() => _wheel.Arm(Next(), _now + s_timeout + s_timeout);

    /// <summary>A delayed ACK's timer starts before the one that runs, and is over before it is due.</summary>
    public void BringForward()
    {
        BareEntry entry = Next();
        _wheel.Arm(entry, _now + s_delay);
        _wheel.Remove(entry);
        _wheel.Arm(entry, _now + s_timeout);
    }

    /// <summary>As many timers as are asked for run out, a millisecond later, and are set anew.</summary>
    public int Expire(int timers)
    {
        Instant due = _now + s_millisecond;
        for (int i = 0; i < timers; i++)
        {
            _wheel.Arm(Next(), due);
        }

        _now = due;
        _wheel.Advance(_now);
        int expired = 0;
        for (; _wheel.TryTakeDue(out FlowEntry entry); expired++)
        {
            _wheel.Arm(entry, _now + s_timeout);
        }

        return expired;
    }

    private BareEntry Next() => _entries[_next = (_next + 1) % Entries];
}
