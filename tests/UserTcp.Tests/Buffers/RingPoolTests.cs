using UserTcp.Buffers;

namespace UserTcp.Tests.Buffers;

public sealed class RingPoolTests
{
    [Theory]
    [InlineData(1, 4)]
    [InlineData(4, 4)]
    [InlineData(5, 8)]
    [InlineData(8, 8)]
    [InlineData(9, 16)]
    [InlineData(4096, 4096)]
    [InlineData(4097, 8192)]
    [InlineData(65_536, 65_536)]
    [InlineData(65_537, 131_072)]
    public void A_ring_is_the_smallest_power_of_two_with_so_many_places(int places, int length)
    {
        var rings = new RingPool<Chunk?>(smallest: 4);
        Chunk?[] ring = rings.Rent(places);
        Assert.Equal(length, ring.Length);
        rings.Return(ring);
        Assert.Equal(length, rings.Rent(places).Length);
    }

    [Fact]
    public void One_that_came_back_is_lent_again_and_never_twice()
    {
        var rings = new RingPool<long>(smallest: 1);
        long[] first = rings.Rent(1);
        long[] second = rings.Rent(1);
        rings.Return(first);
        rings.Return([]);
        Assert.Same(first, rings.Rent(1));
        Assert.NotSame(first, rings.Rent(1));
        Assert.NotSame(first, second);
    }

    [Theory]
    [InlineData(1, 64)]
    [InlineData(4096, 64)]
    [InlineData(8192, 32)]
    [InlineData(16_384, 16)]
    public void What_is_kept_is_bounded_by_number_and_bytes(int places, int kept)
    {
        var rings = new RingPool<long>(smallest: 1);
        long[][] all = [.. Enumerable.Range(0, 100).Select(_ => rings.Rent(places))];
        foreach (long[] ring in all)
        {
            rings.Return(ring);
        }

        var known = all.ToHashSet();
        Assert.Equal(kept, Enumerable.Range(0, 100).Count(_ => known.Contains(rings.Rent(places))));
    }
}
