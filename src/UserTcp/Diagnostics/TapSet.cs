using System.Collections.Immutable;

namespace UserTcp.Diagnostics;

/// <summary>The taps of a stack; they may come and go at any time, also between two runs.</summary>
internal sealed class TapSet(IEnumerable<IPacketTap> taps)
{
    private ImmutableArray<IPacketTap> _taps = [.. taps];
    private long _missed;

    public bool IsEmpty => _taps.IsEmpty;

    public ImmutableArray<IPacketTap> All => _taps;

    /// <summary>Frames that no tap saw, because too many came at once.</summary>
    public long Missed => Interlocked.Read(ref _missed);

    public void Miss() => Interlocked.Increment(ref _missed);

    public void Add(IPacketTap tap) => ImmutableInterlocked.Update(ref _taps, (all, one) => all.Add(one), tap);

    public void Remove(IPacketTap tap) => ImmutableInterlocked.Update(ref _taps, (all, one) => all.Remove(one), tap);
}
