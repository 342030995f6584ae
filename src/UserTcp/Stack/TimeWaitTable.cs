using System.Runtime.InteropServices;
using UserTcp.Primitives;
using UserTcp.Tcp;

namespace UserTcp.Stack;

/// <summary>
/// Connections in TIME-WAIT: 64 bytes each, and eight of index. All wait equally long, so a ring in order of age is the
/// timer; when the table is full the oldest goes.
/// </summary>
internal sealed class TimeWaitTable
{
    private const int Free = 0;
    private const int SmallestIndex = 64;

    private readonly SipHash _key;
    private readonly int _capacity;
    private readonly long _lengthMs;
    private Entry[] _entries = [];

    // Slot numbers plus one, by linear probing; at most half are taken.
    private int[] _index = new int[SmallestIndex];
    private int _used;
    private int _firstFree = -1;
    private int _oldest;
    private long _nowMs;

    /// <param name="key">Hashes the flows, as it does for the caller.</param>
    /// <param name="capacity">From 1 to 65,536 entries.</param>
    /// <param name="length">2MSL, below 24 days.</param>
    public TimeWaitTable(in SipHash key, int capacity, TimeSpan length)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(capacity, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(capacity, ushort.MaxValue + 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(length, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, TimeSpan.FromMilliseconds(int.MaxValue - 1));
        _key = key;
        _capacity = capacity;
        _lengthMs = (length.Ticks + TimeSpan.TicksPerMillisecond - 1) / TimeSpan.TicksPerMillisecond;
    }

    /// <summary>The bytes of one entry.</summary>
    public static int EntryBytes => System.Runtime.CompilerServices.Unsafe.SizeOf<Entry>();

    public int Count { get; private set; }

    /// <summary>Entries that went before their time, for want of room.</summary>
    public long Evicted { get; private set; }

    public Instant NextDeadline
    {
        get
        {
            if (Count == 0)
                return Instant.Never;
            long ms = _nowMs + unchecked((int)(_entries[_oldest].DeadlineMs - (uint)_nowMs));
            return new Instant(ms * TimeSpan.TicksPerMillisecond);
        }
    }

    /// <summary>Makes room for one more: the oldest goes if the table is full.</summary>
    public bool TryEvict(out FlowKey oldest)
    {
        oldest = default;
        if (Count < _capacity)
            return false;

        Evicted++;
        oldest = _entries[_oldest].Flow;
        Remove(_oldest);
        return true;
    }

    /// <summary>Adds a flow that is not there yet, instead of the oldest one if there is no room.</summary>
    public void Add(in FlowKey flow, ulong hash, in TimeWaitState state, Instant now)
    {
        TryEvict(out _);
        if ((Count + 1) * 2 > _index.Length)
            Reindex();
        int slot = Take();
        ref Entry entry = ref _entries[slot];
        entry.SetFlow(flow);
        entry.State = state;
        Insert(slot, hash);
        Append(slot, now);
    }

    public bool TryFind(in FlowKey flow, ulong hash, out TimeWaitState state)
    {
        int at = Count == 0 ? -1 : IndexOf(flow, hash);
        state = at < 0 ? default : _entries[_index[at] - 1].State;
        return at >= 0;
    }

    /// <summary>Whether one more challenge may be sent to the peer of this flow.</summary>
    public bool TryChallenge(in FlowKey flow, ulong hash, Instant now)
    {
        int at = IndexOf(flow, hash);
        return at >= 0 && _entries[_index[at] - 1].State.TryChallenge(now);
    }

    /// <summary>2MSL begins anew (RFC 9293 §3.10.7.4, a retransmitted FIN).</summary>
    public void Restart(in FlowKey flow, ulong hash, Instant now)
    {
        int at = IndexOf(flow, hash);
        if (at < 0)
            return;
        int slot = _index[at] - 1;
        Detach(slot);
        Append(slot, now);
    }

    /// <summary>The flow waits no longer; false if it did not.</summary>
    public bool Take(in FlowKey flow, ulong hash)
    {
        int at = IndexOf(flow, hash);
        if (at >= 0)
            Remove(_index[at] - 1);
        return at >= 0;
    }

    /// <summary>Forgets one flow that has waited for 2MSL; false if there is none.</summary>
    public bool TryExpire(Instant now, out FlowKey flow)
    {
        _nowMs = Math.Max(_nowMs, now.Milliseconds);
        flow = default;
        if (Count == 0 || NextDeadline > now)
            return false;

        flow = _entries[_oldest].Flow;
        Remove(_oldest);
        return true;
    }

    private int IndexOf(in FlowKey flow, ulong hash)
    {
        int mask = _index.Length - 1;
        for (int i = (int)hash & mask; _index[i] != Free; i = (i + 1) & mask)
        {
            if (_entries[_index[i] - 1].Is(flow))
                return i;
        }

        return -1;
    }

    private void Insert(int slot, ulong hash)
    {
        int mask = _index.Length - 1;
        int i = (int)hash & mask;
        while (_index[i] != Free)
        {
            i = (i + 1) & mask;
        }

        _index[i] = slot + 1;
    }

    private void Remove(int slot)
    {
        FlowKey flow = _entries[slot].Flow;
        CloseGap(IndexOf(flow, _key.Hash(flow)));
        Detach(slot);
        _entries[slot].DeadlineMs = (uint)_firstFree;
        _firstFree = slot;
    }

    private void CloseGap(int gap)
    {
        int mask = _index.Length - 1;
        for (int i = (gap + 1) & mask; _index[i] != Free; i = (i + 1) & mask)
        {
            int home = (int)_key.Hash(_entries[_index[i] - 1].Flow) & mask;
            if (((i - home) & mask) < ((i - gap) & mask))
                continue;
            _index[gap] = _index[i];
            gap = i;
        }

        _index[gap] = Free;
    }

    private void Reindex()
    {
        int[] old = _index;
        _index = new int[old.Length * 2];
        foreach (int taken in old)
        {
            if (taken != Free)
                Insert(taken - 1, _key.Hash(_entries[taken - 1].Flow));
        }
    }

    /// <summary>A slot to fill: the one freed last, or a new one.</summary>
    private int Take()
    {
        int slot = _firstFree;
        if (slot >= 0)
        {
            _firstFree = (int)_entries[slot].DeadlineMs;
            return slot;
        }

        if (_used == _entries.Length)
            Array.Resize(ref _entries, Math.Min(_capacity, Math.Max(16, _used * 2)));
        return _used++;
    }

    /// <summary>Makes the entry the newest of the ring.</summary>
    private void Append(int slot, Instant now)
    {
        _nowMs = Math.Max(_nowMs, now.Milliseconds);
        ref Entry entry = ref _entries[slot];
        entry.DeadlineMs = unchecked((uint)(_nowMs + _lengthMs + 1)); // never a part of a millisecond too early
        if (Count++ == 0)
            _oldest = entry.Newer = entry.Older = (ushort)slot;

        ref Entry oldest = ref _entries[_oldest];
        int newest = oldest.Older;
        entry.Newer = (ushort)_oldest;
        entry.Older = (ushort)newest;
        _entries[newest].Newer = (ushort)slot;
        oldest.Older = (ushort)slot;
    }

    private void Detach(int slot)
    {
        ref Entry entry = ref _entries[slot];
        _entries[entry.Older].Newer = entry.Newer;
        _entries[entry.Newer].Older = entry.Older;
        if (slot == _oldest)
            _oldest = entry.Newer;
        Count--;
    }

    [StructLayout(LayoutKind.Sequential, Pack = 4)]
    private struct Entry
    {
        private ulong _localHigh;
        private ulong _localLow;
        private ulong _remoteHigh;
        private ulong _remoteLow;
        private uint _ports;
        public TimeWaitState State;

        /// <summary>In milliseconds, modulo 2^32; of a free slot, the next free one.</summary>
        public uint DeadlineMs;

        public ushort Newer;
        public ushort Older;

        public readonly FlowKey Flow => new(
            new HostAddress(_localHigh, _localLow), (ushort)(_ports >> 16),
            new HostAddress(_remoteHigh, _remoteLow), (ushort)_ports);

        public void SetFlow(in FlowKey flow)
        {
            (_localHigh, _localLow) = flow.Local;
            (_remoteHigh, _remoteLow) = flow.Remote;
            _ports = (uint)flow.LocalPort << 16 | flow.RemotePort;
        }

        public readonly bool Is(in FlowKey flow) =>
            _remoteLow == flow.Remote.Low && _ports == ((uint)flow.LocalPort << 16 | flow.RemotePort)
            && _localLow == flow.Local.Low && _remoteHigh == flow.Remote.High && _localHigh == flow.Local.High;
    }
}
