using System.Runtime.InteropServices;

namespace UserTcp.Primitives;

/// <summary>
/// How many there are of something that has one limit in all shards together. Each shard changes it under its own door.
/// A shard looks and then adds, so that each further shard may exceed the limit by what it adds at once. It has a cache
/// line of its own: what is read for each segment must not move when another count changes.
/// </summary>
internal sealed class SharedCount
{
#pragma warning disable RS0030 // Shards share nothing but what is immutable, and counts like this one.
    private Padded _value;

    public long Value => Volatile.Read(ref _value.Value);

    public void Add(long change) => Interlocked.Add(ref _value.Value, change);
#pragma warning restore RS0030

    [StructLayout(LayoutKind.Explicit, Size = 2 * Padded.CacheLine)]
    private struct Padded
    {
        public const int CacheLine = 64;

        [FieldOffset(CacheLine)]
        public long Value;
    }
}
