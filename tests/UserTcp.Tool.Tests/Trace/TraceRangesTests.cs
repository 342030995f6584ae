using UserTcp.Tool.Trace;

namespace UserTcp.Tool.Tests.Trace;

public sealed class TraceRangesTests
{
    [Theory]
    [InlineData(0, 0, 0, 1)]
    [InlineData(5, 5, 0, 1)]
    [InlineData(20, 30, 10, 1)] // it touches
    [InlineData(25, 30, 5, 2)]
    [InlineData(-5, 10, 5, 1)]
    [InlineData(5, 15, 0, 1)]
    [InlineData(-5, 25, 10, 1)]
    [InlineData(0, 20, 0, 1)]
    public void Octets_are_new_once(long from, long to, long added, int count)
    {
        var ranges = new TraceRanges();
        Assert.Equal(20, ranges.Add(0, 20));
        Assert.Equal(added, ranges.Add(from, to));
        Assert.Equal(count, ranges.Count);
        Assert.Equal(0, ranges.Add(from, to));
    }

    [Fact]
    public void They_agree_with_a_map_of_single_octets()
    {
        for (int seed = 0; seed < 200; seed++)
        {
            var random = new Random(seed);
            var ranges = new TraceRanges();
            bool[] map = new bool[200];
            for (int step = 0; step < 60; step++)
            {
                int from = random.Next(map.Length), to = Math.Min(map.Length, from + random.Next(12));
                int expected = map[from..to].Count(seen => !seen);
                map.AsSpan(from, to - from).Fill(true);
                Assert.True(ranges.Add(from - 100, to - 100) == expected, $"Seed {seed}, step {step}: {from} to {to}");
            }

            int runs = Enumerable.Range(0, map.Length).Count(i => map[i] && (i == 0 || !map[i - 1]));
            Assert.Equal(runs, ranges.Count);
        }
    }
}
