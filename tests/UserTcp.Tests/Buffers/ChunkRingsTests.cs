using UserTcp.Buffers;

namespace UserTcp.Tests.Buffers;

public sealed class ChunkRingsTests
{
    [Theory]
    [InlineData(1, 4)]
    [InlineData(4, 4)]
    [InlineData(5, 8)]
    [InlineData(8, 8)]
    [InlineData(9, 16)]
    [InlineData(4096, 4096)]
    [InlineData(4097, 8192)]
    public void A_ring_is_the_smallest_power_of_two_with_so_many_places(int places, int length)
    {
        var rings = new ChunkRings();
        Chunk?[] ring = rings.Rent(places);
        Assert.Equal(length, ring.Length);
        rings.Return(ring);
        Assert.Equal(length, rings.Rent(places).Length);
    }
}
