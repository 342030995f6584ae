namespace UserTcp.Primitives;

/// <summary>
/// How many there are of something that has one limit in all shards together. Each shard changes it under its own door.
/// A shard looks and then adds, so that each further shard may exceed the limit by what it adds at once.
/// </summary>
internal sealed class SharedCount
{
#pragma warning disable RS0030 // Shards share nothing but what is immutable, and counts like this one.
    private long _value;

    public long Value => Volatile.Read(ref _value);

    public void Add(long change) => Interlocked.Add(ref _value, change);
#pragma warning restore RS0030
}
