using System.Diagnostics;
using System.Runtime.InteropServices;

namespace UserTcp.NetworkBenchmarks.Wire;

/// <summary>
/// One direction of a wire: frames are lost by chance, wait for the rate, and arrive after the delay, in order.
/// </summary>
internal sealed unsafe class WireDirection
{
    private const int Slots = 4096;
    private const int SlotBytes = 1536;
    private readonly int _from;
    private readonly int _to;
    private readonly byte* _memory;
    private readonly int[] _lengths = new int[Slots];
    private readonly long[] _due = new long[Slots];
    private int _head;
    private int _count;
    private long _freeAt;
    private WireSettings _settings = new(0, TimeSpan.Zero, 1_000_000_000, 1 << 20, 0);
    private Random _random = new(0);
    private long _frames;
    private long _lost;
    private long _overflowed;
    private long _broken;
    private long _late;
    private long _mostLate;

    public WireDirection(int from, int to)
    {
        (_from, _to) = (from, to);
        _memory = (byte*)NativeMemory.Alloc(Slots * SlotBytes);
    }

    /// <summary>When the next frame arrives, by the stopwatch.</summary>
    public long NextDue => _count == 0 ? long.MaxValue : _due[_head];

    public WireCounts Counts => new(_frames, _lost, _overflowed, _broken,
        _frames == 0 ? 0 : Microseconds(_late) / _frames, Microseconds(_mostLate));

    /// <summary>What is on its way is forgotten.</summary>
    public void Set(WireSettings settings, int seed)
    {
        _settings = settings;
        _random = new Random(seed);
        _head = _count = 0;
        _freeAt = _frames = _lost = _overflowed = _broken = _late = _mostLate = 0;
    }

    /// <summary>Takes all that was sent.</summary>
    public void Take()
    {
        while (true)
        {
            int slot = (_head + _count) % Slots;
            nint length = WireNative.Read(_from, _memory + slot * SlotBytes, SlotBytes);
            if (length <= 0)
                return;

            _frames++;
            if (_count == Slots - 1)
                _broken++;
            else
                Admit(slot, (int)length, Stopwatch.GetTimestamp());
        }
    }

    /// <summary>Hands over what has arrived.</summary>
    public void Deliver(long now)
    {
        while (_count > 0 && _due[_head] <= now)
        {
            if (WireNative.Write(_to, _memory + _head * SlotBytes, (nuint)_lengths[_head]) < 0)
                _broken++;
            _late += now - _due[_head];
            _mostLate = Math.Max(_mostLate, now - _due[_head]);
            _head = (_head + 1) % Slots;
            _count--;
        }
    }

    private void Admit(int slot, int length, long now)
    {
        if (_settings.Loss > 0 && _random.NextDouble() < _settings.Loss)
        {
            _lost++;
            return;
        }

        long start = Math.Max(now, _freeAt);
        if (start - now > Duration(_settings.QueueBytes))
        {
            _overflowed++;
            return;
        }

        _freeAt = start + Duration(length);
        _lengths[slot] = length;
        _due[slot] = _freeAt + (long)(_settings.Delay.TotalSeconds * Stopwatch.Frequency);
        _count++;
    }

    private long Duration(long bytes) => (long)(bytes * 8.0 / _settings.BitsPerSecond * Stopwatch.Frequency);

    private static double Microseconds(long ticks) => ticks * 1e6 / Stopwatch.Frequency;
}
