using UserTcp.Testing;

namespace UserTcp.Simulation.Tests;

public sealed class SeededRandomTests
{
    [Fact]
    public void The_sequence_of_a_seed_never_changes()
    {
        // xoshiro256** from a state that SplitMix64 fills from 0, as the authors' own programs print it.
        var random = new SeededRandom(0);
        Assert.Equal(
            [0x99ec5f36cb75f2b4, 0xbf6e1f784956452a, 0x1a5f849d4933e6e0, 0x6aa594f1262d2d2c],
            new[] { random.Next(), random.Next(), random.Next(), random.Next() });
    }

    [Fact]
    public void A_derived_sequence_depends_on_the_seed_and_the_key_only()
    {
        var first = new SeededRandom(7);
        var second = new SeededRandom(7);
        second.Next();

        Assert.Equal(first.Derive(3).Next(), second.Derive(3).Next());
        Assert.NotEqual(first.Derive(3).Next(), first.Derive(4).Next());
        Assert.NotEqual(first.Derive(3).Next(), new SeededRandom(8).Derive(3).Next());
    }

    [Fact]
    public void Numbers_lie_in_their_range_and_reach_both_ends()
    {
        var random = new SeededRandom(1);
        var seen = new HashSet<long>();
        for (int i = 0; i < 1000; i++)
        {
            long number = random.Next(-2, 2);
            Assert.InRange(number, -2, 2);
            seen.Add(number);
            Assert.InRange(random.Next(3), 0, 2);
            Assert.InRange(random.NextDouble(), 0, Math.BitDecrement(1));
        }

        Assert.Equal(5, seen.Count);
        Assert.InRange(random.Next(long.MinValue, long.MaxValue), long.MinValue, long.MaxValue);
    }

    [Fact]
    public void A_chance_is_taken_as_often_as_it_says()
    {
        var random = new SeededRandom(1);
        int taken = 0;
        for (int i = 0; i < 100_000; i++)
        {
            taken += random.Chance(0.03) ? 1 : 0;
        }

        Assert.InRange(taken, 2_800, 3_200);
    }
}
