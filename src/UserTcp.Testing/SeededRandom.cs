using System.Numerics;

namespace UserTcp.Testing;

/// <summary>
/// Random numbers that are the same on every machine and every version of .NET: xoshiro256**, its state filled by
/// SplitMix64 (Blackman and Vigna, "Scrambled linear pseudorandom number generators", 2021). Not for secrets, not
/// thread-safe.
/// </summary>
public sealed class SeededRandom
{
    private const double OneBy53Bits = 1.0 / (1UL << 53);

    private readonly ulong _seed;
    private ulong _s0;
    private ulong _s1;
    private ulong _s2;
    private ulong _s3;

    /// <summary>Begins a sequence.</summary>
    /// <param name="seed">Any number; near ones give sequences that have nothing in common.</param>
    public SeededRandom(ulong seed)
    {
        _seed = seed;
        ulong state = seed;
        _s0 = Mix(ref state);
        _s1 = Mix(ref state);
        _s2 = Mix(ref state);
        _s3 = Mix(ref state);
    }

    /// <summary>A sequence of its own that depends on this one's seed only, not on how far it was read.</summary>
    /// <param name="key">Tells the sequences apart.</param>
    /// <returns>The other sequence.</returns>
    public SeededRandom Derive(ulong key)
    {
        ulong state = _seed ^ BitOperations.RotateLeft(key * 0x9e37_79b9_7f4a_7c15, 23);
        return new SeededRandom(Mix(ref state) ^ key);
    }

    /// <summary>The next 64 bits.</summary>
    /// <returns>Any number.</returns>
    public ulong Next()
    {
        ulong result = BitOperations.RotateLeft(_s1 * 5, 7) * 9;
        ulong t = _s1 << 17;
        _s2 ^= _s0;
        _s3 ^= _s1;
        _s1 ^= _s2;
        _s0 ^= _s3;
        _s2 ^= t;
        _s3 = BitOperations.RotateLeft(_s3, 45);
        return result;
    }

    /// <summary>A number below a bound.</summary>
    /// <param name="bound">At least 1.</param>
    /// <returns>From 0 to <paramref name="bound"/> − 1.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The bound is not positive.</exception>
    public int Next(int bound)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(bound);
        return (int)Math.BigMul(Next(), (ulong)bound, out _);
    }

    /// <summary>A number of a range.</summary>
    /// <param name="least">The least.</param>
    /// <param name="most">The greatest, not below the least.</param>
    /// <returns>One of them, or anything between.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The range is empty.</exception>
    public long Next(long least, long most)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(most, least);
        ulong span = unchecked((ulong)(most - least)) + 1;
        return span == 0 ? unchecked((long)Next()) : least + (long)Math.BigMul(Next(), span, out _);
    }

    /// <summary>A duration of a range, in steps of 100 ns.</summary>
    /// <param name="least">The shortest.</param>
    /// <param name="most">The longest, not below the shortest.</param>
    /// <returns>One of them, or anything between.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The range is empty.</exception>
    public TimeSpan Next(TimeSpan least, TimeSpan most) => new(Next(least.Ticks, most.Ticks));

    /// <summary>A number from 0 to 1, 1 excluded, in steps of 2⁻⁵³.</summary>
    /// <returns>The number.</returns>
    public double NextDouble() => (Next() >> 11) * OneBy53Bits;

    /// <summary>Whether something happens that happens with this probability.</summary>
    /// <param name="probability">From 0, never, to 1, always.</param>
    /// <returns>True if it does.</returns>
    public bool Chance(double probability) => NextDouble() < probability;

    private static ulong Mix(ref ulong state)
    {
        state += 0x9e37_79b9_7f4a_7c15;
        ulong z = state;
        z = (z ^ (z >> 30)) * 0xbf58_476d_1ce4_e5b9;
        z = (z ^ (z >> 27)) * 0x94d0_49bb_1331_11eb;
        return z ^ (z >> 31);
    }
}
